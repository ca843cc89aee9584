// Runs a graph in a JavaScript runtime: node speak.mjs node|web GRAPH.onnx OUT.f32 [NAME FILE.f32 AXIS,AXIS,…]…
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// From the folder of NODE_PATH: an import would look beside this file only.
const require = createRequire(`${process.env.NODE_PATH}/`);
const [runtime, graph, out, ...inputs] = process.argv.slice(2);
const ort = require(runtime === 'web' ? 'onnxruntime-web' : 'onnxruntime-node');
if (runtime === 'web') ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(graph), { executionProviders: [runtime === 'web' ? 'wasm' : 'cpu'] });
const feeds = {};
for (let i = 0; i < inputs.length; i += 3) {
  const bytes = readFileSync(inputs[i + 1]);
  feeds[inputs[i]] = new ort.Tensor('float32', new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)), inputs[i + 2].split(',').map(Number));
}
const { audio } = await session.run(feeds);
writeFileSync(out, Buffer.from(audio.data.buffer, audio.data.byteOffset, audio.data.byteLength));
