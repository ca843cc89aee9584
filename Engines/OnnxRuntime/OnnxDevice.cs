using System.Globalization;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>Where a graph runs: what was asked for, or an error; never something else in silence.</summary>
internal static class OnnxDevice
{
    private const string Cuda = "CUDAExecutionProvider";

    /// <summary>Opens a graph.</summary>
    /// <param name="graph">An .onnx file's bytes.</param>
    /// <param name="device">cpu, cuda or cuda:N; null for cpu.</param>
    /// <param name="threads">Threads that share an operation of the processor.</param>
    /// <exception cref="VocoderException">The device is not there, or the graph is none.</exception>
    public static InferenceSession Open(byte[] graph, string? device, int threads)
    {
        using SessionOptions options = Options(device ?? "cpu", threads);
        try
        {
            return new InferenceSession(graph, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new VocoderException($"ONNX Runtime does not run the graph: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Asks for a device.</summary>
    /// <exception cref="VocoderException">It is not there.</exception>
    public static void Require(string? device) => Options(device ?? "cpu", 1).Dispose();

    private static SessionOptions Options(string device, int threads)
    {
        var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        // Threads that wait asleep: spinning takes a processor from whoever else computes, and from each other where there are not enough.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        try
        {
            string[] parts = device.Split(':');
            int number = 0;
            if (parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out number)))
                throw Unknown(device);
            switch (parts[0])
            {
                case "cpu" when parts.Length == 1:
                    break;
                case "cuda":
                    if (!OrtEnv.Instance().GetAvailableProviders().Contains(Cuda))
                        throw new VocoderException($"the device {device} is not there, expected a build with -p:Onnx=gpu on a machine with CUDA");
                    options.AppendExecutionProvider_CUDA(number);
                    break;
                default:
                    throw Unknown(device);
            }
            return options;
        }
        catch (OnnxRuntimeException e)
        {
            options.Dispose();
            throw new VocoderException($"the device {device} is not there: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    private static VocoderException Unknown(string device) => new($"found the device {VoiceFiles.Quote(device)}, expected cpu, cuda or cuda:N");
}
