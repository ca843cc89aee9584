/*
 * FlowVocoder: a mel spectrogram goes in, speech comes out.
 *
 * Threads
 *   A voice is loaded once and may be used by any number of threads at the same time.
 *   A stream belongs to one thread at a time. Beside the thread that pushes, one other thread may call fv_stream_pull and fv_stream_available, a sound
 *   card's callback say: they wait for no computing, only while samples are copied. Other calls on a stream that is at work are refused.
 *   fv_last_error is of the calling thread. Nothing works in a child of fork() whose parent has called this library: load it after the fork.
 *
 * Errors
 *   Functions that make something return NULL, the others a negative fv_status; fv_last_error then says in one line what was found and what was expected.
 *   What failed has changed nothing, unless said otherwise. A handle that was freed, or never was one, is refused as such.
 *
 * Samples are 32-bit floats, one channel, full scale -1 to 1; speech may go a little beyond. Mels are natural logarithms or whatever the recipe of the voice
 * says (fv_voice_recipe); those of another toolkit need a voice that fv_voice_with_recipe has made for them. All text is UTF-8.
 */
#ifndef FLOWVOCODER_H
#define FLOWVOCODER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define FV_API __declspec(dllimport)
#else
#define FV_API
#endif

typedef struct fv_voice fv_voice;
typedef struct fv_stream fv_stream;

typedef enum fv_status {
    FV_OK = 0,
    FV_ERROR_ARGUMENT = -1, /* a null pointer, an unknown handle, a negative count, too little room */
    FV_ERROR_INPUT = -2,    /* a voice, a mel, an option or a saved state that cannot be used */
    FV_ERROR_ORDER = -3,    /* a call at the wrong time: after the end of the signal, or on a stream that another thread uses */
    FV_ERROR_MEMORY = -4,   /* there is not enough memory */
    FV_ERROR_INTERNAL = -5  /* a fault of this library */
} fv_status;

/* Where the values of a mel lie. */
typedef enum fv_layout {
    FV_BANDS_FIRST = 0, /* [bands, frames]: mel[band * frames + frame], as Tacotron 2, FastPitch and Matcha-TTS give it */
    FV_FRAMES_FIRST = 1 /* [frames, bands]: mel[frame * bands + band], as ESPnet gives it */
} fv_layout;

/* How a voice speaks. fv_options_init fills it. */
typedef struct fv_options {
    uint32_t size;     /* sizeof(fv_options) */
    float sigma;       /* standard deviation of the noise, 0 to 10; lower is cleaner and duller */
    float pitch_shift; /* semitones, -24 to 24 */
    int32_t match;     /* passes that make speech obey its mel, 0 to 32, or FV_MATCH_AUTO; in a stream each adds three frames of latency */
    int32_t threads;   /* most threads that compute, or FV_THREADS_AUTO; results do not depend on it */
    float denoise;     /* how much of the hum of a WaveGlow is subtracted, 0 to 100, usually 0.01 to 0.1; 0 for any other voice */
    uint64_t seed;     /* of the noise: the same seed gives the same samples */
} fv_options;

#define FV_MATCH_AUTO (-1)  /* what suits voice and mel where the whole mel is there, one in a stream */
#define FV_THREADS_AUTO (0) /* one a processor for a whole mel, one in all for a stream */

/* The version of the library, "1.2.3". */
FV_API const char *fv_version(void);

/* What went wrong in the last call of this thread that failed; "" where none has. Valid until the next one fails. */
FV_API const char *fv_last_error(void);

/* Loads a voice from a file (or a checkpoint of the published WaveGlow). */
FV_API fv_voice *fv_voice_open(const char *path);

/* Loads a voice from memory, which may be released afterwards. name stands for the file in errors; NULL is allowed. */
FV_API fv_voice *fv_voice_open_memory(const void *data, size_t size, const char *name);

/*
 * The same voice for mels that another toolkit makes: a second handle on the same weights, to be released like the first, for which whole mels and
 * frames are those of the recipe. They are turned into the voice's own as `vocoder synth --mel-recipe` does.
 * recipe: a name of `vocoder mel --list-recipes`, or NULL for the voice's own. stats: NULL, or a file of mean and deviation of each band by which the mels
 * were normalised. approximate: 0 refuses what cannot be turned without a loss (fv_voice_difference says why there is one).
 */
FV_API fv_voice *fv_voice_with_recipe(const fv_voice *voice, const char *recipe, const char *stats, int32_t approximate);

/* Releases a voice. Streams that it has made, and voices of another recipe, go on. NULL is allowed. */
FV_API void fv_voice_free(fv_voice *voice);

FV_API int32_t fv_voice_sample_rate(const fv_voice *voice); /* samples per second */
FV_API int32_t fv_voice_bands(const fv_voice *voice);       /* values in a mel frame */
FV_API int32_t fv_voice_hop_size(const fv_voice *voice);    /* samples for each mel frame of its own recipe */

/* Samples that a whole mel of so many frames becomes: frames * hop, unless frames of another recipe come at another rate. */
FV_API int64_t fv_voice_samples(const fv_voice *voice, int64_t frames);

/*
 * Text about a voice, valid until it is freed; NULL for an unknown handle. The recipe of the mels that it takes is a JSON object; what makes turning them
 * into the voice's own approximate is a phrase, "" where nothing does.
 */
FV_API const char *fv_voice_name(const fv_voice *voice);
FV_API const char *fv_voice_licence(const fv_voice *voice);
FV_API const char *fv_voice_recipe(const fv_voice *voice);
FV_API const char *fv_voice_difference(const fv_voice *voice);

/* Fills options with what suits a voice: its own sigma, no shift, seed 0, match and threads automatic, no denoising. */
FV_API int32_t fv_options_init(const fv_voice *voice, fv_options *options);

/*
 * Speaks a whole mel: fv_voice_samples of its frames, the same bits as `vocoder synth`.
 * options: NULL for what fv_options_init gives. samples: room for capacity samples.
 * Returns the number of samples written. Where it fails, samples may have been written in part.
 */
FV_API int64_t fv_synthesize(const fv_voice *voice, const fv_options *options, const float *mel, int64_t frames, fv_layout layout, float *samples,
                             int64_t capacity);

/* Makes a stream: frames are pushed, samples pulled, however either is cut. options: NULL for what fv_options_init gives. */
FV_API fv_stream *fv_stream_create(const fv_voice *voice, const fv_options *options);

/* Releases a stream; a call that is at work in another thread ends in its own time. NULL is allowed. */
FV_API void fv_stream_free(fv_stream *stream);

/*
 * Takes in frames, [count, bands] one after the other, and speaks those that have their look-ahead. Returns the samples that can be pulled.
 * Where a value cannot be spoken, nothing has been taken in; where the voice itself fails, reset or restore the stream.
 */
FV_API int64_t fv_stream_push(fv_stream *stream, const float *frames, int64_t count);

/* Ends the signal: speaks what is left. Returns the samples that can be pulled. Afterwards only reset and restore take the stream on. */
FV_API int64_t fv_stream_flush(fv_stream *stream);

/* Samples that can be pulled now. */
FV_API int64_t fv_stream_available(const fv_stream *stream);

/* Copies the next samples, at most capacity. Returns how many; 0 means that more frames, or the end, must be pushed first. */
FV_API int64_t fv_stream_pull(fv_stream *stream, float *samples, int64_t capacity);

/* Forgets the signal and the samples not pulled: the next frame is the first of a new one. */
FV_API int32_t fv_stream_reset(fv_stream *stream);

/* Samples between a frame and its speech: what the voice waits for before a frame can be spoken, without the time of computing. */
FV_API int64_t fv_stream_latency(const fv_stream *stream);

/*
 * Writes all that a stream needs to go on from here, bit for bit, in another process too. Samples that wait to be pulled must be pulled first.
 * Returns the bytes needed; where capacity is less, nothing is written: ask with NULL and 0.
 */
FV_API int64_t fv_stream_save(fv_stream *stream, void *state, int64_t capacity);

/* Goes on from what was saved from a stream of the same voice and options. Samples not pulled are dropped. */
FV_API int32_t fv_stream_restore(fv_stream *stream, const void *state, int64_t size);

/* Samples as 16-bit integers, rounded off softly where they go beyond full scale, as `vocoder synth` writes them. */
FV_API int32_t fv_to_pcm16(const float *samples, int64_t count, int16_t *pcm);

#ifdef __cplusplus
}
#endif
#endif
