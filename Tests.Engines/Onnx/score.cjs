// The example of docs/onnx.md: node score.cjs AUDIO.f32 OUT.f32, in the folder of score.onnx and of what was encoded.
const { readFileSync, writeFileSync } = require('node:fs');
const ort = require(require.resolve('onnxruntime-node', { paths: [process.env.NODE_PATH] }));
const [input, out] = process.argv.slice(2);
process.chdir(require('node:path').dirname(input));
const samples = readFileSync(input);
const audio = new Float32Array(samples.buffer.slice(samples.byteOffset, samples.byteOffset + samples.byteLength));
(async () => {
  const npy = file => {
    const bytes = readFileSync(file);
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8), bytes.byteOffset + bytes.length));
  };
  const row = values => new ort.Tensor('float32', values, [1, 1, values.length]);
  const [mel, phase, f0] = ['mel', 'phase', 'f0'].map(part => npy(`speech.${part}.npy`));
  const session = await ort.InferenceSession.create('score.onnx');
  const { z, log_density } = await session.run({                          // audio: Float32Array, 22,050 samples a second in ±1
    mel: new ort.Tensor('float32', mel, [1, 80, f0.length]), audio: row(audio.subarray(0, phase.length)), phase: row(phase), f0: row(f0),
  });
  const natsPerSample = log_density.data.reduce((sum, nats) => sum + nats, 0) / phase.length;
  writeFileSync(out, Buffer.from(Float32Array.from([natsPerSample, ...z.data]).buffer));
})();
