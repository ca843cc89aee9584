"""The installed package against what the command has made of the same mel: FLOWVOCODER_REFERENCE is a folder with mel.npy and

whole.wav (vocoder synth --float), whole16.wav (vocoder synth), stream.wav (vocoder synth --float --match 1); and mels of other toolkits, each with what
the command made of it: mozilla-range.npy and .wav, parallelwavegan.npy and .wav with stats.npy, waveglow.npy and .wav with the voice waveglow.pt.
"""

import doctest
import os
import threading
import time
import unittest
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import flowvocoder
import numpy as np
from flowvocoder import Vocoder, VocoderError, pcm16

REFERENCE = Path(os.environ["FLOWVOCODER_REFERENCE"])
MEL = np.load(REFERENCE / "mel.npy")


def floats(name: str) -> np.ndarray:
    data = (REFERENCE / name).read_bytes()
    return np.frombuffer(data, dtype="<f4", offset=data.index(b"data") + 8)


class WholeMels(unittest.TestCase):
    def setUp(self) -> None:
        self.vocoder = Vocoder("student")

    def test_the_same_bits_as_the_command(self) -> None:
        for threads in (0, 1, 2):
            np.testing.assert_array_equal(self.vocoder.synth(MEL, threads=threads), floats("whole.wav"))
        with wave.open(str(REFERENCE / "whole16.wav")) as file:
            np.testing.assert_array_equal(pcm16(self.vocoder.synth(MEL)), np.frombuffer(file.readframes(file.getnframes()), dtype="<i2"))

    def test_shapes_types_and_strides(self) -> None:
        expected = self.vocoder.synth(MEL[:, :20])
        for mel in (MEL[:, :20].T, MEL[None, :, :20], MEL[None, None, :, :20].astype(np.float64), np.asfortranarray(MEL[:, :20]), MEL[:, :20].tolist()):
            np.testing.assert_array_equal(self.vocoder.synth(mel), expected)
        self.assertEqual(self.vocoder.synth(np.empty((80, 0), np.float32)).shape, (0,))

    def test_options(self) -> None:
        plain = self.vocoder.synth(MEL[:, :20])
        for options in ({"seed": 2**64 - 1}, {"sigma": 0.5}, {"pitch_shift": 3}, {"match": 0}):
            other = self.vocoder.synth(MEL[:, :20], **options)
            self.assertFalse(np.array_equal(other, plain), options)
            np.testing.assert_array_equal(self.vocoder.synth(MEL[:, :20], **options), other)

    def test_what_cannot_be_spoken_is_refused(self) -> None:
        bad = MEL.copy()
        bad[5, 7] = np.nan
        for mel, expected in (
            (bad, "mel frame 7 is NaN in band 5"),
            (MEL[:79], r"shape \[79, 367\], expected one of 80 bands"),
            (MEL[0], "shape"),
            (np.stack([MEL, MEL]), "shape"),
            (np.zeros((80, 3), int), "holds int64, expected floating-point numbers"),
            (MEL.astype(complex), "holds complex"),
            ("mel.npy", "holds <U7"),
            (np.full((80, 3), 1e300), "expected a finite number"),
        ):
            with self.assertRaisesRegex(ValueError, expected):
                self.vocoder.synth(mel)
        for options in ({"sigma": -1}, {"pitch_shift": 25}, {"seed": -1}, {"seed": 2**64}, {"match": 33}, {"match": -1}, {"threads": -1}):
            with self.assertRaises(ValueError, msg=str(options)):
                self.vocoder.synth(MEL, **options)
        with self.assertRaises(TypeError):
            self.vocoder.synth(MEL, sigma="1")  # type: ignore[arg-type]

    def test_voices_by_name_and_file(self) -> None:
        voice = Path(flowvocoder.__file__).parent / "voices" / "student.safetensors"
        self.assertEqual(Vocoder(voice).name, "student")
        self.assertIn("CC0", self.vocoder.licence)
        with self.assertRaisesRegex(VocoderError, "found no voice 'nobody', expected a file or an installed voice: student"):
            Vocoder("nobody")
        with self.assertRaisesRegex(VocoderError, "mel.npy: "):
            Vocoder(REFERENCE / "mel.npy")

    def test_other_threads_run_while_it_speaks(self) -> None:
        turns = [0]
        stop = threading.Event()

        def count() -> None:
            while not stop.is_set():
                turns[0] += 1
                time.sleep(0)

        counter = threading.Thread(target=count)
        counter.start()
        long = np.tile(MEL, 5)
        before = turns[0]
        self.vocoder.synth(long, threads=1)
        during = turns[0] - before
        stop.set()
        counter.join()
        # Under the lock there would be no turn at all between two lines of this thread, or one where the interpreter switches.
        self.assertGreater(during, 10)

    def test_one_voice_for_many_threads(self) -> None:
        expected = [self.vocoder.synth(MEL, seed=seed, threads=1) for seed in range(4)]
        with ThreadPoolExecutor(4) as pool:
            for spoken, alone in zip(pool.map(lambda seed: self.vocoder.synth(MEL, seed=seed, threads=1), range(4)), expected):
                np.testing.assert_array_equal(spoken, alone)


class Streams(unittest.TestCase):
    def setUp(self) -> None:
        self.vocoder = Vocoder("student")

    def test_the_same_bits_however_frames_are_cut(self) -> None:
        for chunks in (list(MEL.T), [MEL[:, :100], MEL[:, 100:101].T, MEL[None, :, 101:]], [MEL[:, :0], MEL]):
            np.testing.assert_array_equal(np.concatenate(list(self.vocoder.stream(chunks))), floats("stream.wav"))

    def test_a_stream_speaks_before_the_last_frame(self) -> None:
        made = []

        def frames():
            for i, frame in enumerate(MEL.T):
                made.append(i)
                yield frame

        stream = self.vocoder.stream(frames())
        self.assertEqual(made, [])
        self.assertEqual(len(next(stream)), 256)
        self.assertEqual(made, list(range(7)))

    def test_states_order_and_reset(self) -> None:
        expected = floats("stream.wav")
        first, second = self.vocoder.new_stream(), self.vocoder.new_stream()
        begun = first.push(MEL[:, :150])
        state = first.save()
        second.restore(state)
        np.testing.assert_array_equal(np.concatenate([begun, second.push(MEL[:, 150:]), second.flush()]), expected)
        with self.assertRaisesRegex(RuntimeError, "the signal has ended"):
            second.push(MEL[:, 0])
        second.reset()
        np.testing.assert_array_equal(second.push(MEL[:, :150]), begun)
        for damaged in (b"", state[:-1], state[:100] + bytes([state[100] ^ 1]) + state[101:]):
            with self.assertRaises(VocoderError):
                second.restore(damaged)
        with self.assertRaises(VocoderError):
            self.vocoder.new_stream(seed=1).restore(state)

    def test_a_stream_outlives_its_voice(self) -> None:
        stream = Vocoder().new_stream()
        self.vocoder = None  # type: ignore[assignment]
        self.assertEqual(len(stream.push(MEL[:, :10])), 4 * 256)

    def test_a_forked_child_is_told_and_a_new_process_speaks(self) -> None:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self.vocoder.synth(MEL[:, :3])
                told = b"it spoke"
            except RuntimeError as error:
                told = str(error).encode()
            os.write(write, told)
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            self.assertIn(b"forked", pipe.read())
        os.waitpid(child, 0)


class OtherRecipes(unittest.TestCase):
    def same(self, vocoder: Vocoder, name: str, **options: float) -> None:
        mel, expected = np.load(REFERENCE / f"{name}.npy"), floats(f"{name}.wav")
        np.testing.assert_array_equal(vocoder.synth(mel, match=0, **options), expected)
        frames = list(mel.T if mel.shape[0] == vocoder.bands else mel)
        np.testing.assert_array_equal(np.concatenate(list(vocoder.stream(frames, match=0, **options))), expected)
        first, second, half = vocoder.new_stream(match=0, **options), vocoder.new_stream(match=0, **options), len(frames) // 2
        begun = first.push(np.array(frames[:half]))
        second.restore(first.save())
        np.testing.assert_array_equal(np.concatenate([begun, second.push(np.array(frames[half:])), second.flush()]), expected)

    def test_the_same_bits_as_the_command(self) -> None:
        exact = Vocoder("student", mel_recipe="mozilla-range")
        self.assertEqual((exact.difference, exact.recipe["name"]), ("", "mozilla-range"))
        self.same(exact, "mozilla-range")
        normalised = Vocoder("student", mel_recipe="parallelwavegan", stats=REFERENCE / "stats.npy", approximate=True)
        self.assertEqual(normalised.difference, "80–7600 instead of 0–8000 Hz")
        self.same(normalised, "parallelwavegan")

    def test_what_cannot_be_turned_is_refused(self) -> None:
        for options, expected in (
            ({"mel_recipe": "parallelwavegan"}, "with a loss, expected approximate if that will do"),
            ({"mel_recipe": "nobody"}, "mel recipe 'nobody' is not known, expected one of"),
            ({"mel_recipe": "wavernn", "approximate": True}, "its values end at 1"),
            ({"stats": "nowhere.npy"}, "nowhere.npy"),
        ):
            with self.assertRaisesRegex(VocoderError, expected):
                Vocoder("student", **options)

    def test_the_hum_of_a_waveglow_is_removed(self) -> None:
        self.same(Vocoder(REFERENCE / "waveglow.pt"), "waveglow", denoise=0.5)
        with self.assertRaisesRegex(VocoderError, "has no bias that a denoiser knows"):
            Vocoder("student").synth(MEL, denoise=0.1)


class Examples(unittest.TestCase):
    def test_the_examples_of_the_documentation_hold(self) -> None:
        for module in (flowvocoder, flowvocoder._vocoder):
            result = doctest.testmod(module)
            self.assertGreater(result.attempted, 4)
            self.assertEqual(result.failed, 0)


if __name__ == "__main__":
    unittest.main()
