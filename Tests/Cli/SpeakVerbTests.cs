using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Texts;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

/// <summary>Texts spoken by a small Flowtron of random weights and a small voice.</summary>
public sealed class SpeakVerbTests(CliFixture fixture) : IClassFixture<CliFixture>, IDisposable
{
    private const string Text = "The U.K. paid $3.50 in 1999.";
    private static readonly MelRecipe s_recipe = MelRecipe.ByName("nvidia");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Flows that are not the identity, and levels of quiet speech: x = (z - b)/exp(s).
    private static Flowtron Model(FlowtronConfig config)
    {
        var model = new Flowtron(config, seed: 11);
        foreach (Parameter p in model.Parameters.Items.Where(
            p => p.Name.EndsWith("conv.weight", StringComparison.Ordinal) && p.Name.StartsWith("flows", StringComparison.Ordinal)))
            new Philox(7).Normal(p.Value, (uint)p.Name.Length, 0);
        foreach (Parameter p in model.Parameters.Items.Where(
            p => p.Name.EndsWith("conv.bias", StringComparison.Ordinal) && p.Name.StartsWith("flows.0", StringComparison.Ordinal)))
            p.Value.Span[config.MelChannels..].Fill(6);
        foreach (Parameter p in model.Parameters.Items) p.Value.MarkChanged();
        return model;
    }

    private static FlowtronConfig Tiny(int flows) => new()
    {
        Flows = flows, Speakers = 2, SpeakerChannels = 2, TextChannels = 4, Hidden = 8, AttentionChannels = 4,
    };

    private string Write(Flowtron model, string name = "flowtron.safetensors")
    {
        using FileStream stream = File.Create(_folder[name]);
        SafeTensorsFile.Write(stream, VoiceWeights.Of(model.Parameters), new Dictionary<string, string> { ["format"] = "pt" });
        return _folder[name];
    }

    private string[] Speak(string flowtron, string output, params string[] more) =>
        ["speak", Text, _folder[output], "--flowtron", flowtron, "--voice", fixture.Voice, .. more];

    private short[] Samples(string name) => Noise.In16Bits(AudioFile.Read(_folder[name]).Channels[0]);

    // What the whole mel becomes at once, without the matching that streams do not have unless it is asked for.
    private short[] Whole(IEnumerable<FlowtronFrame> spoken, SynthesisOptions options)
    {
        FlowtronFrame[] frames = [.. spoken];
        float[] mel = [.. Enumerable.Range(0, s_recipe.Bands).SelectMany(band => frames.Select(frame => frame.Values[band]))];
        // Centred frames half a hop earlier need nothing.
        Assert.True(MelConversion.Between(s_recipe, fixture.Model.Recipe).IsIdentity);
        float[] samples = Synthesizer.Synthesize(fixture.Model, mel, options, new Parallelism(1));
        SpeechLimiter.Apply(samples);
        return Noise.In16Bits(samples);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void The_stream_is_the_whole_mel_spoken_at_once(int flows)
    {
        Flowtron model = Model(Tiny(flows));
        string file = Write(model);
        CliResult result = CliFixture.Run(Speak(file, "out.wav", "--gate", "1", "--max-frames", "30", "--seed", "4", "--speaker", "1", "--flow-sigma", "0.3"))
            .Succeeds();
        string waited = flows switch
        {
            1 => "", 2 => ", for which its other flow had to reach the end", 
            _ => ", for which its 2 other flows had to reach the end",
        };
        Assert.Matches($@"first samples after \d+ ms, \d+ of them until Flowtron's first frame{waited}[;\n]", result.Output);
        int symbols = FlowtronText.Read(Text).Symbols.Count;
        Assert.Matches($@"out\.wav: 0\.35 s of speech in 30 frames from {symbols} symbols, first samples after \d+ ms", result.Output);
        var options = new FlowtronOptions { Gate = 1, MaxFrames = 30, Seed = 4, Speaker = 1, Sigma = 0.3f };
        short[] expected = Whole(model.Speak(Engine.Managed, new Parallelism(1), FlowtronText.Read(Text).Symbols, options),
            new SynthesisOptions { Seed = 4, Match = 1 });
        Assert.Equal(30 * 256, expected.Length);
        Assert.Equal(expected, Samples("out.wav"));
        // The same again, and other speech of another seed and speaker.
        CliFixture.Run(Speak(file, "again.wav", "--gate", "1", "--max-frames", "30", "--seed", "4", "--speaker", "1", "--flow-sigma", "0.3", "--threads", "2"))
            .Succeeds();
        Assert.Equal(expected, Samples("again.wav"));
        foreach (string[] other in (string[][])[["--seed", "5", "--speaker", "1"], ["--seed", "4", "--speaker", "0"]])
        {
            CliFixture.Run(Speak(file, "other.wav", [.. other, "--gate", "1", "--max-frames", "30", "--flow-sigma", "0.3"])).Succeeds();
            Assert.NotEqual(expected, Samples("other.wav"));
        }
    }

    [Fact]
    public void The_gate_ends_speech_and_a_limit_that_ends_it_is_told()
    {
        Flowtron model = Model(Tiny(1));
        string file = Write(model);
        CliFixture.Run(Speak(file, "one.wav", "--gate", "0")).Succeeds();
        Assert.Equal(256, Samples("one.wav").Length);
        CliResult limited = CliFixture.Run(Speak(file, "limited.wav", "--gate", "0.99999", "--max-frames", "5"));
        Assert.Equal((0, 5 * 256), (limited.Code, Samples("limited.wav").Length));
        Assert.Equal("vocoder: warning: the gate did not open in 5 frames: the end of the text may be missing; --max-frames sets the limit\n", limited.Error);
        // The second flow, which has the gate, comes to the beginning last.
        limited = CliFixture.Run(Speak(Write(Model(Tiny(2)), "two.safetensors"), "two.wav", "--gate", "0.99999", "--max-frames", "5"));
        Assert.Contains("the beginning of the text may be missing", limited.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void It_plays_where_no_file_is_named_and_reads_the_text_of_a_pipe()
    {
        string file = Write(Model(Tiny(2)));
        CliFixture.Run(Speak(file, "out.wav", "--gate", "1", "--max-frames", "8")).Succeeds();
        var pipes = new Piped { Input = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Text + "\n")) };
        pipes.Run("speak", "-", "--flowtron", file, "--voice", fixture.Voice, "--gate", "1", "--max-frames", "8", "--player", "wav:" + _folder["played.wav"])
            .Succeeds();
        Assert.Equal(Samples("out.wav"), Samples("played.wav"));
        CliFixture.Run(Speak(file, "both.wav", "--player", "null")).Fails(2, "both.wav' and --player, expected a file or a player");
        Assert.False(File.Exists(_folder["both.wav"]));
    }

    // Of flows that are the identity, noise without deviation is the style itself.
    [Fact]
    public void The_style_of_a_recording_is_the_mean_of_what_is_spoken()
    {
        Flowtron model = new(Tiny(2), seed: 3);
        string file = Write(model);
        CliFixture.Run(Speak(file, "out.wav", "--gate", "1", "--max-frames", "12", "--flow-sigma", "0", "--style", fixture.Wav, "--style-text", "Whatever."))
            .Succeeds();
        float[] audio = AudioFile.Read(fixture.Wav).Channels[0], mel = new MelSpectrogram(s_recipe).Compute(audio);
        int frames = mel.Length / s_recipe.Bands;
        float[] mean = [.. Enumerable.Range(0, s_recipe.Bands).Select(band => (float)(mel.Skip(band * frames).Take(frames).Average() * (1e4 / (1e4 + 1))))];
        short[] expected = Whole(Enumerable.Repeat(new FlowtronFrame(mean, []), 12), new SynthesisOptions { Match = 1 }), found = Samples("out.wav");
        // Sums in another order round otherwise.
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.InRange(pair.First - pair.Second, -8, 8));
        CliFixture.Run(Speak(file, "none.wav", "--style", fixture.Wav)).Fails(2, "found 1 --style and 0 --style-text, expected the words of every recording");
    }

    [Fact]
    public void A_dictionary_reaches_the_text()
    {
        Flowtron model = Model(Tiny(1));
        string file = Write(model);
        File.WriteAllText(_folder["cmudict"], "PAID  P EY1 D\n");
        CliFixture.Run(Speak(file, "out.wav", "--gate", "1", "--max-frames", "6", "--dictionary", _folder["cmudict"])).Succeeds();
        FlowtronText read = FlowtronText.Read(Text, PronunciationDictionary.Read(_folder["cmudict"]));
        Assert.Contains("{P EY1 D}", read.Spoken, StringComparison.Ordinal);
        Assert.Equal(Whole(model.Speak(Engine.Managed, new Parallelism(1), read.Symbols, new FlowtronOptions { Gate = 1, MaxFrames = 6 }),
            new SynthesisOptions { Match = 1 }), Samples("out.wav"));
        CliFixture.Run(Speak(file, "none.wav", "--arpabet", "0.5")).Fails(2, "found --arpabet and no --dictionary, expected both");
        CliFixture.Run(Speak(file, "none.wav", "--dictionary", _folder["none"])).Fails(1, "none: no such file");
    }

    [Fact]
    public void What_cannot_be_spoken_is_told_in_a_line()
    {
        string file = Write(Model(Tiny(1))), output = _folder["none.wav"];
        void Fails(string text, string flowtron, int code, string expected, params string[] more)
        {
            CliFixture.Run(["speak", text, output, "--flowtron", flowtron, "--voice", fixture.Voice, .. more]).Fails(code, expected);
            Assert.False(File.Exists(output));
        }
        Fails(" ", file, 1, "the text is empty, expected words");
        Fails("{HH XX}", file, 1, "found 'XX' in braces, expected phones of ARPAbet");
        Fails(new string('a', 1001), file, 1, "the text has 1001 symbols, expected at most 1000: speak it sentence by sentence");
        Fails("a", file, 1, "the speaker is 2, expected 0 to 1", "--speaker", "2");
        Fails("a", fixture.Voice, 1, "tiny.safetensors: found no tensor 'flows.0.attention_lstm.weight_ih_l0', expected a checkpoint of a Flowtron");
        Fails("a", fixture.Wav, 1, "speech.wav: found no tensor");
        Fails("a", _folder["missing.pt"], 1, "missing.pt: no such file");
        Fails("a", Write(Model(Tiny(1) with { Symbols = 148 }), "old.safetensors"), 1,
            "old.safetensors: reads 148 symbols, expected the 185 of NVIDIA's texts");
        Fails("a", Write(Model(Tiny(1) with { MelChannels = 20 }), "few.safetensors"), 1,
            "few.safetensors: makes mels of 20 bands, expected 80 as 'nvidia' has");
        Fails("a", file, 2, "--gate is '2', expected 0 to 1", "--gate", "2");
        CliResult left = CliFixture.Run(["speak", "naïve…", output, "--flowtron", file, "--voice", fixture.Voice, "--gate", "0"]);
        Assert.Equal((0, "vocoder: warning: left out of the text, as Flowtron has no symbols for them: ï …\n"), (left.Code, left.Error));
    }

    // A folder of recordings and texts → Flowtron → speech, as somebody types it.
    [Fact]
    public void What_was_trained_here_speaks_is_described_exported_and_drawn()
    {
        string data = _folder["data"], reader = _folder["reader.safetensors"], weights = _folder["state.safetensors"];
        Directory.CreateDirectory(data);
        foreach (string name in (string[])["a", "b"])
        {
            WavFile.Write(Path.Combine(data, name + ".wav"), fixture.Audio, CliFixture.Rate);
            File.WriteAllText(Path.Combine(data, name + ".txt"), "One, two.");
        }
        string[] train = ["train", "--data", data, "--config", "flowtron-cpu", "--out", reader, "--steps", "2", "--batch", "1", "--threads", "1",
            "--set", "flowtron.n_hidden=8", "--set", "flowtron.n_text_dim=4", "--set", "text.trim=0"];
        string lines = CliFixture.Run([.. train, "--set", "log_every=1"]).Succeeds().Output;
        Assert.Matches(@"step 1/2  nats per value of the mel: train -?\d+\.\d{4}  gate \d+\.\d{4}  attention \d+\.\d{3}  ", lines);
        CliFixture.Run([.. train, "--texts", _folder["none"]]).Fails(1, "a run has been started here");
        CliFixture.Run([.. train[..5], "--out", _folder["x.safetensors"], "--texts", _folder["none"]]).Fails(1, $"cannot read '{_folder["none"]}'");
        string table = CliFixture.Run("info", reader).Succeeds().Output;
        foreach (string part in (string[])["flowtron, makes mels of texts", "1 over the frames of a mel, which streams", "n_hidden 8", "not stated",
            "1 recordings, 0.00 h; vocoder train"]) Assert.Contains(part, table, StringComparison.Ordinal);
        CliFixture.Run("export-weights", reader, weights).Succeeds();
        Assert.Matches($@"parameters +{FlowtronCheckpoint.Read(reader).Parameters.Count:N0}\n", CliFixture.Run("info", weights).Succeeds().Output);
        string[] more = ["--gate", "1", "--max-frames", "9", "--picture", _folder["attention.png"]];
        string said = CliFixture.Run(Speak(reader, "out.wav", more)).Succeeds().Output;
        Assert.Matches(@"first samples after \d+ ms, \d+ of them until Flowtron's first frame[;\n]", said);
        Assert.Contains("attention.png: 1188 x", said, StringComparison.Ordinal);
        CliFixture.Run(Speak(weights, "again.wav", more)).Succeeds();
        Assert.Equal(Samples("out.wav"), Samples("again.wav"));
        CliFixture.Run(Speak(reader, "none.wav", "--picture", _folder["attention.jpg"])).Fails(2, "expected a name that ends in .png or .svg");
        CliFixture.Run(Speak(reader, "none.wav", "--picture", reader)).Fails(2, "expected a name that ends in .png or .svg");
        CliFixture.Run("plot", _folder["reader.log.jsonl"], _folder["log.png"]).Succeeds();
        CliFixture.Run("train", "--data", data, "--from", reader, "--out", _folder["further.safetensors"], "--steps", "1", "--batch", "1").Succeeds();
    }

    [Fact]
    public void Info_tells_what_a_checkpoint_is_and_import_that_it_needs_none()
    {
        string file = Write(Model(Tiny(2)));
        string table = CliFixture.Run("info", file).Succeeds().Output;
        foreach (string part in (string[])["flowtron, makes mels of texts", "2 over the frames of a mel, of which the one that is undone last streams",
            "speakers", "nvidia", "185"]) Assert.Contains(part, table, StringComparison.Ordinal);
        CliFixture.Run("import", file, _folder["voice.safetensors"]).Fails(1, "is a Flowtron, which needs no import: vocoder speak TEXT OUT.wav --flowtron");
    }
}
