// Speaks through sherpa-onnx as it comes from npm: node sherpa.cjs ACOUSTIC.onnx VOCODER.onnx LEXICON TOKENS OUT.wav
const [acousticModel, vocoder, lexicon, tokens, out] = process.argv.slice(2);
const sherpa = require(require.resolve('sherpa-onnx-node', { paths: [process.env.NODE_PATH] }));
const tts = new sherpa.OfflineTts({ model: { matcha: { acousticModel, vocoder, lexicon, tokens }, numThreads: 1, provider: 'cpu' }, maxNumSentences: 1 });
const audio = tts.generate({ text: '你好', sid: 0, speed: 1.0 });
sherpa.writeWave(out, { samples: audio.samples, sampleRate: audio.sampleRate });
