// Runs a graph in headless Chromium: node browser.mjs PAGE.html|- GRAPH.onnx OUT.f32 [NAME FILE.f32 AXIS,AXIS,…]…
// A page of this server loads onnxruntime-web and the graph, speaks, and posts the samples back. A page from a file has a function speak(mel), which gives an AudioBuffer.
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const [given, graph, out, ...inputs] = process.argv.slice(2);
const dist = join(process.env.NODE_PATH, 'onnxruntime-web', 'dist');
const feeds = [];
for (let i = 0; i < inputs.length; i += 3) feeds.push({ name: inputs[i], file: inputs[i + 1], shape: inputs[i + 2].split(',').map(Number) });
const ending = body => `<script>(async () => {
  try {
    ort.env.wasm.numThreads = 1;
    ${body}
  } catch (e) { await fetch('/failed', { method: 'POST', body: String(e) }); }
})()</script>`;
const page = given === '-' ? '<script src="/ort.wasm.min.js"></script>' + ending(`
    const session = await ort.InferenceSession.create('/graph', { executionProviders: ['wasm'] }), feeds = {};
    for (const [i, { name, shape }] of ${JSON.stringify(feeds)}.entries())
      feeds[name] = new ort.Tensor('float32', new Float32Array(await (await fetch('/input' + i)).arrayBuffer()), shape);
    const { audio } = await session.run(feeds);
    await fetch('/done', { method: 'POST', body: audio.data });`)
  : readFileSync(given, 'utf8') + ending(`
    const spoken = await speak(new Float32Array(await (await fetch('/input0')).arrayBuffer()));
    await fetch('/done', { method: 'POST', body: spoken.getChannelData(0) });`);
const profile = mkdtempSync(join(tmpdir(), 'flowvocoder-'));
let browser;
function end(code) {
  browser.kill();
  server.close();
  browser.on('exit', () => remove(25, code));
}
// Processes of the browser outlive it for a moment, and write while its folder is removed.
function remove(tries, code) {
  try {
    rmSync(profile, { recursive: true, force: true });
  } catch (e) {
    if (tries > 0) return setTimeout(() => remove(tries - 1, code), 200);
    throw e;
  }
  process.exit(code);
}
const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    const parts = [];
    for await (const part of request) parts.push(part);
    response.end();
    if (request.url === '/done') writeFileSync(out, Buffer.concat(parts));
    else console.error(Buffer.concat(parts).toString());
    return end(request.url === '/done' ? 0 : 1);
  }
  const name = request.url.slice(1), number = /^input(\d+)$/.exec(name);
  const file = name === 'graph' || name === basename(graph) ? graph : number ? feeds[number[1]].file : name === '' ? null : join(dist, name.replace(/[^\w.-]/g, ''));
  response.setHeader('Content-Type', name === '' ? 'text/html' : name.endsWith('js') ? 'text/javascript' : name.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream');
  try {
    response.end(file === null ? page : readFileSync(file));
  } catch {
    response.statusCode = 404;
    response.end();
  }
}).listen(0, '127.0.0.1', () => {
  browser = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    `--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
});
setTimeout(() => {
  console.error('nothing came back from the page');
  end(1);
}, 120000).unref();
