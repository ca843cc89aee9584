using FlowVocoder.Compute;

namespace FlowVocoder.Torch;

// Spectra and linear prediction.
internal sealed partial class TorchOps
{
    /// <inheritdoc/>
    public override Tensor Stft(Tensor x, Tensor window, int hop)
    {
        Require(hop >= 1 && x.Channels == 1 && x.Length >= window.Size, $"frames of {window.Size} samples every {hop} cannot be taken of {x.Shape}");
        return Result(() =>
        {
            TorchTensor spectra = torch.fft.rfft(ValueOf(x).squeeze(1).unfold(1, window.Size, hop) * ValueOf(window).reshape(-1));
            return torch.cat([spectra.real, spectra.imag], 2).transpose(1, 2);
        });
    }

    /// <inheritdoc/>
    public override Tensor OverlapAdd(Tensor spectra, Tensor window, int hop, Tensor? add = null)
    {
        int size = window.Size, length = (spectra.Length - 1) * hop + size;
        Require(hop >= 1 && spectra.Channels == size + 2, $"spectra {spectra.Shape} are not those of frames of {size} samples");
        Require(add == null || (add.Batch == spectra.Batch && add.Channels == 1 && add.Length == length), $"an addend {add?.Shape} of {length} samples");
        return Result(() =>
        {
            TorchTensor bins = torch.complex(Upper(spectra).contiguous(), Lower(spectra).contiguous()).transpose(1, 2);
            TorchTensor frames = (torch.fft.irfft(bins, size) * ValueOf(window).reshape(-1)).transpose(1, 2);
            TorchTensor y = torch.nn.functional.fold(frames, (1, length), (1, size), stride: (1, hop)).reshape(spectra.Batch, 1, length);
            return add == null ? y : y + ValueOf(add);
        });
    }

    /// <inheritdoc/>
    public override Tensor AllPole(Tensor x, Tensor taps, Tensor gains)
    {
        RequirePrediction(x, taps, gains);
        return Result(() => Prediction.Synthesize(ValueOf(x), ValueOf(taps), ValueOf(gains)));
    }

    /// <inheritdoc/>
    public override Tensor AllPoleInverse(Tensor x, Tensor taps, Tensor gains)
    {
        RequirePrediction(x, taps, gains);
        return Result(() => Prediction.Analyze(ValueOf(x), ValueOf(taps), ValueOf(gains)));
    }

    private static void RequirePrediction(Tensor x, Tensor taps, Tensor gains) =>
        Require(x.Channels == 1 && taps.Batch == x.Batch && gains.Batch == x.Batch && gains.Channels == taps.Channels && gains.Length == 1
            && x.Length % taps.Channels == 0,
            $"taps {taps.Shape} and gains {gains.Shape} do not fit {x.Shape}");

    /// <inheritdoc/>
    public override Tensor Spline(Tensor x, Tensor parameters, float bound)
    {
        RequireSpline(x, parameters, bound);
        return Result(() => new Splines(Doubled(parameters), x.Channels, bound).Forward(Doubled(x)).to(torch.float32));
    }

    /// <inheritdoc/>
    public override Tensor SplineInverse(Tensor y, Tensor parameters, float bound)
    {
        RequireSpline(y, parameters, bound);
        return Result(() => new Splines(Doubled(parameters), y.Channels, bound).Inverse(Doubled(y)).to(torch.float32));
    }

    private static void RequireSpline(Tensor x, Tensor parameters, float bound)
    {
        int each = parameters.Channels / Math.Max(1, x.Channels);
        Require(parameters.Channels == each * x.Channels && each >= 2 && each % 3 == 2,
            $"{parameters.Channels} spline parameters are not 3K - 1 for each of {x.Channels} channels");
        Require((parameters.Batch == 1 && parameters.Length == 1) || (parameters.Batch == x.Batch && parameters.Length == x.Length),
            $"spline parameters {parameters.Shape} do not fit {x.Shape}");
        Require(bound > 0, $"the bound of a spline is {bound}, expected more than 0");
    }
}
