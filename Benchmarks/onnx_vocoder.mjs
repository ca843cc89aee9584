// Runs a vocoder in ONNX form (HiFi-GAN, say) over a folder of mels, on one thread, for comparison with `vocoder evaluate --generated`.
//   npm install --ignore-scripts onnxruntime-node
//   node onnx_vocoder.mjs MODEL.onnx MELS_FOLDER WAVS_FOLDER [SAMPLE_RATE]
// A mel is a float32 .npy of shape [bands, frames], as `vocoder mel` writes it.
import { readFileSync, writeFileSync, readdirSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const ort = createRequire(join(process.cwd(), 'index.js'))('onnxruntime-node');

function readNpy(file) {
  const bytes = readFileSync(file);
  const length = bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const start = (bytes[6] === 1 ? 10 : 12) + length;
  const header = bytes.toString('latin1', 10, start);
  if (!header.includes("'<f4'") || header.includes("'fortran_order': True")) throw new Error(`${file}: expected float32 in C order`);
  const shape = header.match(/\(([^)]*)\)/)[1].split(',').filter(s => s.trim()).map(Number);
  return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)) };
}

function writeWav(file, samples, rate) {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * samples.length, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(2 * rate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((s, i) => bytes.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(s * 32767))), 44 + 2 * i));
  writeFileSync(file, bytes);
}

const [model, mels, wavs, rate = '22050'] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
mkdirSync(wavs, { recursive: true });
let seconds = 0, audio = 0;
for (const name of readdirSync(mels).filter(n => n.endsWith('.npy'))) {
  const { shape, data } = readNpy(join(mels, name));
  const input = new ort.Tensor('float32', data, [1, shape.at(-2), shape.at(-1)]);
  const start = performance.now();
  const output = (await session.run({ [session.inputNames[0]]: input }))[session.outputNames[0]];
  seconds += (performance.now() - start) / 1000;
  audio += output.data.length / rate;
  writeWav(join(wavs, name.replace(/\.npy$/, '.wav')), output.data, Number(rate));
}
console.log(`${audio.toFixed(1)} s of audio in ${seconds.toFixed(2)} s on one thread: real-time factor ${(seconds / audio).toFixed(4)}`);
