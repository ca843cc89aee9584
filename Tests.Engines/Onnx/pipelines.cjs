// The example of docs/pipelines.md: node pipelines.cjs MEL.f32 OUT.f32, in the folder of student.onnx.
const { readFileSync, writeFileSync } = require('node:fs');
const ort = require(require.resolve('onnxruntime-node', { paths: [process.env.NODE_PATH] }));
const [input, out] = process.argv.slice(2);
process.chdir(require('node:path').dirname(input));
const bytes = readFileSync(input);
const mel = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
(async () => {
  const session = await ort.InferenceSession.create('student.onnx');
  const { audio } = await session.run({ mel: new ort.Tensor('float32', mel, [1, 80, mel.length / 80]) });
  writeFileSync(out, Buffer.from(audio.data.buffer, audio.data.byteOffset, audio.data.byteLength));
})();
