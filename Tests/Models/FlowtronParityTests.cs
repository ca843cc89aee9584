using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Models;

/// <summary>
/// Flowtron with an attention prior, with cumulative attention and with a mixture as its prior in both directions against the published implementation, on
/// weights it drew.
/// </summary>
public class FlowtronParityTests(ITestOutputHelper output)
{
    private PublishedVectors _vectors = new("flowtron_tiny", output);

    private Flowtron Load(string folder = "flowtron_tiny")
    {
        _vectors = new PublishedVectors(folder, output);
        JsonElement json = _vectors.Config.GetProperty("model_config");
        int Number(string name) => json.GetProperty(name).GetInt32();
        var model = new Flowtron(new FlowtronConfig
        {
            Speakers = Number("n_speakers"), SpeakerChannels = Number("n_speaker_dim"), Symbols = Number("n_text"), TextChannels = Number("n_text_dim"),
            Flows = Number("n_flows"),
            MelChannels = Number("n_mel_channels"), Hidden = Number("n_hidden"), AttentionChannels = Number("n_attn_channels"),
            LstmLayers = Number("n_lstm_layers"), CumulativeAttention = json.GetProperty("use_cumm_attention").GetBoolean(),
            Components = Number("n_components"), MelEncoderChannels = Number("n_components") > 0 ? Number("mel_encoder_n_hidden")
                : new FlowtronConfig().MelEncoderChannels,
        });
        _vectors.Load(model.Parameters, ignored: IsSecondName);
        return model;
    }

    // The published state dictionary has two convolutions under two names.
    private static bool IsSecondName(string name) => name.Contains(".attn_cond_layer.conv_layers.", StringComparison.Ordinal);

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(n => n.GetInt32())];

    // The items of the batch, without the padding of the published code.
    private IEnumerable<(int Item, int[] Text, int Speaker, Tensor Mel, Tensor? Prior, int Padding, int MelPadding)> Items()
    {
        JsonElement json = _vectors.Config;
        int[] texts = Numbers(json.GetProperty("in_lengths")), frames = Numbers(json.GetProperty("out_lengths")),
            speakers = Numbers(json.GetProperty("speaker_ids"));
        Tensor mel = _vectors.Tensor("mel");
        Tensor? prior = json.GetProperty("use_attn_prior").GetBoolean() ? _vectors.Tensor("attn_prior") : null;
        var ops = new CpuOps();
        for (int b = 0; b < texts.Length; b++)
        {
            Tensor? own = prior == null ? null : ops.Reshape(ops.Crop(ops.Slice(ops.Take(prior, [b]), 0, frames[b]), 0, texts[b]), frames[b], texts[b], 1);
            yield return (b, Numbers(json.GetProperty("text")[b])[..texts[b]], speakers[b], ops.Crop(ops.Take(mel, [b]), 0, frames[b]), own,
                texts.Max() - texts[b], frames.Max() - frames[b]);
        }
    }

    // [T, B, c] of an item, as [c, t].
    private float[] TimeFirst(string name, int item, int channels, int frames)
    {
        float[] all = _vectors.Array(name);
        int batch = Numbers(_vectors.Config.GetProperty("in_lengths")).Length;
        return [.. Enumerable.Range(0, channels).SelectMany(c => Enumerable.Range(0, frames).Select(t => all[(t * batch + item) * channels + c]))];
    }

    // [B, T, N] of an item, as [t, n].
    private float[] OfText(string name, int item, int frames, int length)
    {
        Tensor all = _vectors.Tensor(name);
        return [.. Enumerable.Range(0, frames).SelectMany(t => all.Row(item, t)[..length].ToArray())];
    }

    [Fact]
    public void The_prior_of_the_attention_is_the_published_one()
    {
        Load();
        foreach (var (item, _, _, _, prior, _, _) in Items())
        {
            var own = new Tensor(prior!.Batch, prior.Channels, 1);
            AttentionPrior.Fill(own, scale: 1);
            _vectors.Check($"prior {item}", prior.Span, own.Span);
        }
        // In closed form: α = 3 and β = 6 at the first of two frames, over three positions.
        var thin = new Tensor(2, 3, 1);
        AttentionPrior.Fill(thin, scale: 3);
        double[] expected = [7.0 * 6 / (10 * 9), 2.0 * 3 * 6 / (10 * 9), 4.0 * 3 / (10 * 9)];
        for (int k = 0; k < 3; k++)
        {
            Assert.Equal(expected[k], thin.Row(0, k)[0], 1e-6);
            Assert.Equal(expected[2 - k], thin.Row(1, k)[0], 1e-6);
        }
    }

    [Theory, MemberData(nameof(Folders))]
    public void The_state_dictionary_has_the_published_names_and_values(string folder)
    {
        IReadOnlyDictionary<string, SafeTensor> found = FlowtronCheckpoint.StateDict(Load(folder)), published = _vectors.Weights();
        Assert.Equal(published.Keys.Order(), found.Keys.Order());
        foreach (var (name, tensor) in published)
        {
            Assert.Equal(tensor.Shape, found[name].Shape);
            Assert.Equal(tensor.Data, found[name].Data);
        }
    }

    // A frame and a symbol would else have all channels of the attention, 46 MB here in each of several tensors.
    [Fact]
    public void Memory_grows_with_frames_times_symbols_and_not_with_the_channels_of_the_attention_too()
    {
        const int frames = 600, symbols = 100, channels = 192;
        var model = new Flowtron(new FlowtronConfig { Flows = 2, Hidden = 16, TextChannels = 8, SpeakerChannels = 2, AttentionChannels = channels });
        var mel = new Tensor(1, 80, frames);
        int[] text = new int[symbols];
        long before = GC.GetAllocatedBytesForCurrentThread();
        model.Forward(new CpuOps(), mel, text, 0);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, frames * symbols * channels * sizeof(float) / 2);
    }

    public static TheoryData<string> Folders => ["flowtron_tiny", "flowtron_tiny_cumm", "flowtron_tiny_gm"];

    [Theory, MemberData(nameof(Folders))]
    public void Normalising_gives_the_published_latents_attention_gates_and_losses(string folder)
    {
        Flowtron model = Load(folder);
        double nll = 0, gate = 0;
        int frames = 0, bands = model.Config.MelChannels;
        foreach (var (item, text, speaker, mel, prior, padding, melPadding) in Items())
        {
            var ops = new CpuOps();
            float[] encoding = OfText("text_encoding", item, text.Length, model.Config.TextChannels);
            _vectors.Check($"text {item}", encoding, ops.Transpose(model.Encode(ops, text)).Span);
            FlowtronResult result = model.Forward(ops, mel, text, speaker, prior, padding, melPadding);
            _vectors.Check($"z {item}", TimeFirst("z", item, bands, mel.Length), result.Latent.Span);
            for (int i = 0; i < model.Config.Flows; i++)
            {
                _vectors.Check($"log s {i} {item}", TimeFirst($"log_s_{i}", item, bands, mel.Length), result.LogScales[i].Span);
                _vectors.Check($"attention {i} {item}", OfText($"attention_{i}", item, mel.Length, text.Length), result.Attention[i].Span);
                _vectors.Check($"its logarithm {i} {item}", OfText($"attention_logprob_{i}", item, mel.Length, text.Length),
                    result.AttentionLogarithms[i].Span);
                _vectors.Check($"log det {i} {item}", _vectors.Expected.GetProperty("logdet_per_flow_per_item")[i][item].GetDouble(),
                    ops.Sum(result.LogScales[i]).Item);
            }
            _vectors.Check($"gate {item}", TimeFirst("gate_logits", item, 1, mel.Length), result.Gate.Span);
            nll += result.Loss(ops, 1f).Item;
            gate += result.GateLoss(ops).Item;
            frames += mel.Length;
        }
        _vectors.Check("loss", _vectors.Expected.GetProperty("loss_nll").GetDouble(), nll / (frames * bands));
        _vectors.Check("gate loss", _vectors.Expected.GetProperty("loss_gate").GetDouble(), gate / frames);
    }

    [Theory, MemberData(nameof(Folders))]
    public void Every_gradient_of_the_likelihood_is_the_published_one(string folder)
    {
        Flowtron model = Load(folder);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        int values = Items().Sum(item => item.Mel.Size);
        foreach (var (_, text, speaker, mel, prior, padding, melPadding) in Items())
        {
            tape.Backward(ops.Scale(model.Forward(ops, mel, text, speaker, prior, padding, melPadding).Loss(ops, 1f), 1f / values));
            ops.Reset();
        }
        _vectors.CheckGradients(model.Parameters, "gradients_nll_only");
    }

    [Theory, MemberData(nameof(Folders))]
    public void Every_gradient_of_the_whole_loss_is_the_published_one(string folder)
    {
        Flowtron model = Load(folder);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        int values = Items().Sum(item => item.Mel.Size), frames = Items().Sum(item => item.Mel.Length), items = Items().Count();
        float weight = _vectors.Expected.GetProperty("ctc_weight").GetSingle() / (items * model.Config.Flows);
        double attention = 0, total = 0;
        foreach (var (_, text, speaker, mel, prior, padding, melPadding) in Items())
        {
            FlowtronResult result = model.Forward(ops, mel, text, speaker, prior, padding, melPadding);
            Tensor monotonic = result.AttentionLoss(ops), loss = ops.Add(
                ops.Add(ops.Scale(result.Loss(ops, 1f), 1f / values), ops.Scale(result.GateLoss(ops), 1f / frames)), ops.Scale(monotonic, weight));
            (attention, total) = (attention + monotonic.Item / (items * model.Config.Flows), total + loss.Item);
            tape.Backward(loss);
            ops.Reset();
        }
        _vectors.Check("attention loss", _vectors.Expected.GetProperty("loss_ctc").GetDouble(), attention);
        _vectors.Check("whole loss", _vectors.Expected.GetProperty("loss_total").GetDouble(), total);
        _vectors.CheckGradients(model.Parameters);
    }

    [Theory]
    [InlineData("flowtron_tiny", "infer_mel", 1f, false, false), InlineData("flowtron_tiny", "infer_mel_temperature_0_7", 0.7f, false, false)]
    [InlineData("flowtron_tiny", "infer_mel_gate_stop", 1f, true, false), InlineData("flowtron_tiny", "infer_mel_attn_prior", 1f, false, true)]
    [InlineData("flowtron_tiny_cumm", "infer_mel", 1f, false, false), InlineData("flowtron_tiny_cumm", "infer_mel_temperature_0_7", 0.7f, false, false)]
    [InlineData("flowtron_tiny_cumm", "infer_mel_gate_stop", 1f, true, false)]
    [InlineData("flowtron_tiny_gm", "infer_mel", 1f, false, false), InlineData("flowtron_tiny_gm", "infer_mel_temperature_0_7", 0.7f, false, false)]
    [InlineData("flowtron_tiny_gm", "infer_mel_gate_stop", 1f, true, false)]
    public void Generating_gives_the_published_mel_from_its_noise(string folder, string name, float temperature, bool stops, bool hasPrior)
    {
        Flowtron model = Load(folder);
        Tensor noise = _vectors.Tensor("infer_residual");
        foreach (ref float z in noise.Span) z *= _vectors.Expected.GetProperty("infer_sigma").GetSingle();
        int[] text = Numbers(_vectors.Config.GetProperty("infer_text"));
        double threshold = stops ? _vectors.Expected.GetProperty("gate_stop").GetProperty("threshold").GetDouble() : 1;
        Tensor? prior = hasPrior ? _vectors.Tensor("infer_attn_prior", noise.Length, text.Length, 1) : null;
        FlowtronFrame[] frames = [.. model.Generate(Engine.Managed, new Parallelism(1), noise, text, _vectors.Config.GetProperty("infer_speaker_id").GetInt32(),
            threshold, temperature, prior)];
        _vectors.Check(name, _vectors.Array(name), Mel(frames));
        // In the time of the flow.
        float[] Attention(int k) => [.. ((model.Config.Flows - 1 - k) % 2 == 0 ? frames : frames.Reverse()).SelectMany(frame => frame.Attention[k])];
        if (name == "infer_mel")
            for (int k = 0; k < model.Config.Flows; k++) _vectors.Check($"infer_attention_{k}", _vectors.Array($"infer_attention_{k}"), Attention(k));
        if (hasPrior) _vectors.Check("infer_attention_0_attn_prior", _vectors.Array("infer_attention_0_attn_prior"), Attention(0));
    }

    private static float[] Mel(FlowtronFrame[] frames) =>
        [.. Enumerable.Range(0, frames[0].Values.Length).SelectMany(band => frames.Select(frame => frame.Values[band]))];

    // The last flow goes backwards and computes all before the first frame; the first, and a flow alone, nothing before it is asked for.
    [Theory, MemberData(nameof(Folders))]
    public void Frames_come_as_they_are_asked_for_with_the_same_noise_whatever_the_limit(string folder)
    {
        Flowtron model = Load(folder);
        var options = new FlowtronOptions { Seed = 5, Gate = 0.5, MaxFrames = 40, Speaker = 1 };
        FlowtronFrame[] all = [.. model.Speak(Engine.Managed, new Parallelism(1), [3, 4, 5], options with { Gate = 1 })];
        Assert.Equal(40, all.Length);
        Assert.Equal(all[0].Values, model.Speak(Engine.Managed, new Parallelism(1), [3, 4, 5], options with { Gate = 1 }).First().Values);
        Assert.NotEqual(all[0].Values, model.Speak(Engine.Managed, new Parallelism(1), [3, 4, 5], options with { Gate = 1, Seed = 6 }).First().Values);
        // A gate that is open at once ends after a frame, one that opens never at the limit.
        FlowtronFrame[] one = [.. model.Speak(Engine.Managed, new Parallelism(1), [3, 4, 5], options with { Gate = 0 })],
            longer = [.. model.Speak(Engine.Managed, new Parallelism(1), [3, 4, 5], options with { Gate = 0, MaxFrames = 60 })];
        Assert.Equal(Mel(one), Mel(longer));
        Assert.Single(one);
    }

    [Fact]
    public void A_flow_alone_speaks_while_its_noise_is_read()
    {
        var step = new FlowtronStep(new ParameterSet(3), bands: 6, text: 8, hidden: 16, attention: 10, layers: 2, backward: false, gate: true);
        int read = 0;
        IEnumerable<FlowtronFrame> Noise()
        {
            for (int t = 0; t < 5; t++)
            {
                read++;
                yield return new FlowtronFrame([1, 2, 3, 4, 5, 6], []);
            }
        }
        int given = 0;
        foreach (FlowtronFrame _ in step.Inverse(Engine.Managed, new Parallelism(1), Noise(), new Tensor(1, 8, 3), null, 1, 1)) Assert.Equal(++given, read);
        Assert.Equal(5, given);
    }

    [Fact]
    public void A_mel_survives_the_round_trip()
    {
        Flowtron model = Load();
        foreach (var (_, text, speaker, mel, _, _, _) in Items())
        {
            var ops = new CpuOps();
            Tensor z = model.Forward(ops, mel, text, speaker).Latent;
            _vectors.Check("mel", mel.Span, Mel([.. model.Generate(Engine.Managed, new Parallelism(1), z, text, speaker)]));
        }
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_published_checkpoint_loads_by_its_shapes_and_is_no_voice(string folder)
    {
        Flowtron expected = Load(folder);
        string path = Path.Combine(_vectors.Folder, "state_dict.safetensors");
        Flowtron model = FlowtronCheckpoint.Read(path);
        Assert.Equal(expected.Config, model.Config);
        foreach (var (a, b) in expected.Parameters.Items.Zip(model.Parameters.Items)) Assert.Equal(a.Value.Span, b.Value.Span);
        Assert.Equal($"{path}: holds a Flowtron, which makes mels of text, expected a vocoder, which makes speech of mels",
            Assert.Throws<VocoderException>(() => VoiceLibrary.Load(path)).Message);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Flowtron model = Load();
        string Message(int[] text, int speaker, int bands) =>
            Assert.Throws<VocoderException>(() => model.Forward(new CpuOps(), new Tensor(1, bands, 3), text, speaker)).Message;
        Assert.Equal("found the symbol 20 in the text, expected 0 to 19", Message([3, 20], 0, 6));
        Assert.Equal("the text has no symbols, expected at least 1", Message([], 0, 6));
        Assert.Equal("the speaker is 3, expected 0 to 2", Message([3], 3, 6));
        Assert.Equal("found 1 mels of 5 bands and 3 frames, expected one of 6 bands and at least 1 frame", Message([3], 0, 5));
        Assert.Equal("configuration: n_text_dim is 7, expected an even number from 2 to 4096",
            Assert.Throws<VocoderException>(() => new Flowtron(new FlowtronConfig { TextChannels = 7 })).Message);
    }
}
