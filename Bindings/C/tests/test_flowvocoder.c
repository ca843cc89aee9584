/*
 * Tests of libflowvocoder, which stands by what the command has made of the same mel:
 * test_flowvocoder VOICE MEL.npy WHOLE.wav WHOLE16.wav STREAM.wav RECIPES WAVEGLOW
 * with `vocoder synth --float`, without, and with --float --match 1. RECIPES is a folder with mels of other toolkits, vocos.npy say, and what the command
 * made of them (test.sh); WAVEGLOW a voice that hums, whose mel and speech lie there too.
 */
#include "../flowvocoder.h"
#include "check.h"
#include "files.h"
#include <math.h>
#include <pthread.h>
#include <sched.h>

int faults;

static const char *voice_path, *recipes, *waveglow;
static fv_voice *voice;
static float *mel, *rows;   /* [bands, frames] and [frames, bands] */
static int64_t frames, hop, samples;
static float *whole, *streamed; /* what the command spoke */
static int16_t *whole16;

static fv_options options(int match) {
    fv_options o;
    CHECK(fv_options_init(voice, &o) == FV_OK);
    o.match = match;
    return o;
}

static int same(const float *a, const float *b, int64_t count) { return memcmp(a, b, (size_t)count * sizeof(float)) == 0; }

static void test_voices(void) {
    size_t size;
    CHECK(strcmp(fv_version(), "0.1.0") == 0);
    CHECK(fv_voice_sample_rate(voice) == 22050 && fv_voice_bands(voice) == 80 && hop == 256);
    CHECK(strcmp(fv_voice_name(voice), "student") == 0);
    CHECK(strlen(fv_voice_licence(voice)) > 0);
    CHECK(strstr(fv_voice_recipe(voice), "\"sampleRate\": 22050") != NULL);

    CHECK(fv_voice_open("nowhere.safetensors") == NULL);
    CHECK_ERROR("nowhere.safetensors: no such file");
    CHECK(fv_voice_open(NULL) == NULL);
    CHECK_ERROR("the path of the voice is NULL");

    char *file = read_file(voice_path, &size);
    fv_voice *copy = fv_voice_open_memory(file, size, NULL);
    CHECK(copy != NULL && strcmp(fv_voice_recipe(copy), fv_voice_recipe(voice)) == 0);
    CHECK(fv_voice_open_memory(file, size / 2, "half a voice") == NULL);
    CHECK_ERROR("half a voice: ");
    CHECK(fv_voice_open_memory(NULL, 8, "none") == NULL);
    memset(file, 0, size); /* the voice has copied what it needs */
    free(file);
    float *spoken = malloc((size_t)samples * sizeof(float));
    CHECK(fv_synthesize(copy, NULL, mel, frames, FV_BANDS_FIRST, spoken, samples) == samples);
    CHECK(same(spoken, whole, samples));
    free(spoken);
    fv_voice_free(copy);
}

static void test_whole_mels(void) {
    float *spoken = malloc((size_t)samples * sizeof(float));
    int16_t *pcm = malloc((size_t)samples * sizeof(int16_t));
    for (int threads = 0; threads <= 2; threads++) {
        fv_options o = options(FV_MATCH_AUTO);
        o.threads = threads;
        memset(spoken, 0, (size_t)samples * sizeof(float));
        CHECK(fv_synthesize(voice, &o, mel, frames, FV_BANDS_FIRST, spoken, samples) == samples);
        CHECK(same(spoken, whole, samples));
    }
    CHECK(fv_synthesize(voice, NULL, rows, frames, FV_FRAMES_FIRST, spoken, samples) == samples);
    CHECK(same(spoken, whole, samples));
    CHECK(fv_to_pcm16(spoken, samples, pcm) == FV_OK);
    CHECK(memcmp(pcm, whole16, (size_t)samples * sizeof(int16_t)) == 0);

    fv_options o = options(FV_MATCH_AUTO);
    o.seed = 1;
    CHECK(fv_synthesize(voice, &o, mel, frames, FV_BANDS_FIRST, spoken, samples) == samples);
    CHECK(!same(spoken, whole, samples));
    CHECK(fv_synthesize(voice, NULL, NULL, 0, FV_BANDS_FIRST, NULL, 0) == 0);
    free(spoken);
    free(pcm);
}

static void test_refusals(void) {
    float *spoken = malloc((size_t)samples * sizeof(float)), saved = mel[5 * frames + 7];
    fv_options o = options(FV_MATCH_AUTO);
    o.sigma = -1;
    CHECK(fv_synthesize(voice, &o, mel, frames, FV_BANDS_FIRST, spoken, samples) == FV_ERROR_INPUT);
    CHECK_ERROR("sigma is -1, expected 0 to 10");
    o = options(33);
    CHECK(fv_stream_create(voice, &o) == NULL);
    CHECK_ERROR("match is 33 passes, expected 0 to 32");
    o = options(-2);
    CHECK(fv_stream_create(voice, &o) == NULL);
    o = options(0);
    o.threads = -1;
    CHECK(fv_stream_create(voice, &o) == NULL);
    memset(&o, 0, sizeof o);
    CHECK(fv_stream_create(voice, &o) == NULL);
    CHECK_ERROR("fill them by fv_options_init");
    CHECK(fv_options_init(voice, NULL) == FV_ERROR_ARGUMENT);

    mel[5 * frames + 7] = NAN;
    CHECK(fv_synthesize(voice, NULL, mel, frames, FV_BANDS_FIRST, spoken, samples) == FV_ERROR_INPUT);
    CHECK_ERROR("mel frame 7 is NaN in band 5");
    mel[5 * frames + 7] = saved;
    CHECK(fv_synthesize(voice, NULL, mel, frames, FV_BANDS_FIRST, spoken, samples - 1) == FV_ERROR_ARGUMENT);
    CHECK_ERROR("samples, expected");
    CHECK(fv_synthesize(voice, NULL, mel, -1, FV_BANDS_FIRST, spoken, samples) == FV_ERROR_ARGUMENT);
    CHECK(fv_synthesize(voice, NULL, mel, INT64_MAX / 4, FV_BANDS_FIRST, spoken, INT64_MAX) == FV_ERROR_ARGUMENT);
    CHECK(fv_synthesize(voice, NULL, NULL, frames, FV_BANDS_FIRST, spoken, samples) == FV_ERROR_ARGUMENT);
    CHECK(fv_synthesize(voice, NULL, mel, frames, (fv_layout)2, spoken, samples) == FV_ERROR_ARGUMENT);
    CHECK_ERROR("layout 2");
    free(spoken);
}

static void test_handles(void) {
    float sample;
    int not_a_handle = 0;
    fv_stream *stream = fv_stream_create(voice, NULL);
    fv_stream_free(stream);
    fv_stream_free(stream);
    fv_stream_free(NULL);
    fv_voice_free(NULL);
    CHECK(fv_stream_pull(stream, &sample, 1) == FV_ERROR_ARGUMENT);
    CHECK_ERROR("the stream is none, or was freed");
    CHECK(fv_stream_push((fv_stream *)voice, rows, 1) == FV_ERROR_ARGUMENT);
    CHECK(fv_stream_available((fv_stream *)&not_a_handle) == FV_ERROR_ARGUMENT);
    CHECK(fv_stream_create(NULL, NULL) == NULL);
    CHECK_ERROR("the voice is NULL");
    fv_voice_free((fv_voice *)&not_a_handle);
    CHECK(fv_voice_hop_size(NULL) == FV_ERROR_ARGUMENT && fv_voice_name(NULL) == NULL);
    CHECK(fv_stream_reset(NULL) == FV_ERROR_ARGUMENT && fv_stream_flush(NULL) == FV_ERROR_ARGUMENT && fv_stream_latency(NULL) == FV_ERROR_ARGUMENT);
    CHECK(fv_stream_save(NULL, NULL, 0) == FV_ERROR_ARGUMENT && fv_stream_restore(NULL, NULL, 0) == FV_ERROR_ARGUMENT);
    CHECK(fv_to_pcm16(NULL, 1, NULL) == FV_ERROR_ARGUMENT);
}

/* Pushes frames in pieces from a position on, pulls in odd ones; returns the samples got. */
static int64_t speak(fv_stream *stream, int64_t from, int64_t to, int64_t piece, float *target) {
    int64_t got = 0, count;
    for (int64_t at = from; at < to; at += piece) {
        int64_t ready = fv_stream_push(stream, rows + at * 80, at + piece < to ? piece : to - at);
        CHECK(ready >= 0 && ready == fv_stream_available(stream));
        while ((count = fv_stream_pull(stream, target + got, ready < 100 ? ready : 100)) > 0) got += count;
    }
    return got;
}

static int64_t finish(fv_stream *stream, float *target) {
    int64_t ready = fv_stream_flush(stream);
    return ready < 0 ? ready : fv_stream_pull(stream, target, ready);
}

static void test_streams(void) {
    static const int64_t pieces[] = {1, 3, 7, 1000};
    float *spoken = malloc((size_t)samples * sizeof(float));
    fv_options o = options(1);
    fv_stream *stream = fv_stream_create(voice, &o);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        memset(spoken, 0, (size_t)samples * sizeof(float));
        int64_t got = speak(stream, 0, frames, pieces[i], spoken);
        CHECK(got == samples - fv_stream_latency(stream));
        CHECK(got + finish(stream, spoken + got) == samples);
        CHECK(same(spoken, streamed, samples));
        CHECK(fv_stream_push(stream, rows, 1) == FV_ERROR_ORDER);
        CHECK_ERROR("the signal has ended");
        CHECK(fv_stream_reset(stream) == FV_OK);
    }
    /* What cannot be spoken is not taken in, and what waits is forgotten by a reset. */
    float saved = rows[3 * 80];
    CHECK(fv_stream_push(stream, rows, 3) == 0);
    rows[3 * 80] = INFINITY;
    CHECK(fv_stream_push(stream, rows + 80, frames - 1) == FV_ERROR_INPUT);
    rows[3 * 80] = saved;
    CHECK(fv_stream_push(stream, rows + 3 * 80, frames - 3) == samples - fv_stream_latency(stream));
    CHECK(fv_stream_reset(stream) == FV_OK && fv_stream_available(stream) == 0);
    fv_stream_free(stream);

    /* Matched once unless options say otherwise. */
    stream = fv_stream_create(voice, NULL);
    CHECK(fv_stream_latency(stream) == 6 * hop);
    fv_stream_free(stream);
    o = options(0);
    stream = fv_stream_create(voice, &o);
    CHECK(fv_stream_latency(stream) == 2 * hop);
    fv_stream_free(stream);
    free(spoken);
}

static void test_states(void) {
    float *spoken = malloc((size_t)samples * sizeof(float));
    fv_options o = options(1);
    fv_stream *first = fv_stream_create(voice, &o), *second = fv_stream_create(voice, &o);
    int64_t half = frames / 2, got;
    CHECK(fv_stream_push(first, rows, half) > 0);
    CHECK(fv_stream_save(first, NULL, 0) == FV_ERROR_ORDER);
    CHECK_ERROR("samples wait to be pulled");
    CHECK((got = fv_stream_pull(first, spoken, samples)) > 0);
    int64_t size = fv_stream_save(first, NULL, 0);
    CHECK(size > 0);
    unsigned char *state = malloc((size_t)size);
    CHECK(fv_stream_save(first, state, size) == size);
    fv_stream_free(first);

    CHECK(fv_stream_restore(second, state, size - 1) == FV_ERROR_INPUT);
    CHECK_ERROR("ends early");
    state[size / 2] ^= 1;
    CHECK(fv_stream_restore(second, state, size) == FV_ERROR_INPUT);
    state[size / 2] ^= 1;
    CHECK(fv_stream_restore(second, NULL, size) == FV_ERROR_ARGUMENT);
    CHECK(fv_stream_restore(second, state, size) == FV_OK);
    got += speak(second, half, frames, 5, spoken + got);
    CHECK(got + finish(second, spoken + got) == samples);
    CHECK(same(spoken, streamed, samples));
    fv_stream_free(second);

    o.seed = 1;
    fv_stream *other = fv_stream_create(voice, &o);
    CHECK(fv_stream_restore(other, state, size) == FV_ERROR_INPUT);
    fv_stream_free(other);
    free(state);
    free(spoken);
}

/* Each thread has a stream of the shared voice, and a last error of its own. */
static void *one_of_many(void *unused) {
    (void)unused;
    float *spoken = malloc((size_t)samples * sizeof(float));
    CHECK(strcmp(fv_last_error(), "") == 0);
    fv_options o = options(1);
    fv_stream *stream = fv_stream_create(voice, &o);
    int64_t got = speak(stream, 0, frames, 4, spoken);
    CHECK(got + finish(stream, spoken + got) == samples && same(spoken, streamed, samples));
    fv_stream_free(stream);
    free(spoken);
    return NULL;
}

static void *pusher(void *stream) {
    for (int64_t at = 0; at < frames; at++) CHECK(fv_stream_push(stream, rows + at * 80, 1) >= 0);
    CHECK(fv_stream_flush(stream) >= 0);
    return NULL;
}

static void test_threads(void) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, one_of_many, NULL) == 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);

    /* One thread pushes while this one pulls, as a sound card would. */
    float *spoken = malloc((size_t)samples * sizeof(float));
    fv_options o = options(1);
    fv_stream *stream = fv_stream_create(voice, &o);
    CHECK(pthread_create(&threads[0], NULL, pusher, stream) == 0);
    for (int64_t got = 0, count; got < samples; got += count) {
        count = fv_stream_pull(stream, spoken + got, 333 < samples - got ? 333 : samples - got);
        CHECK(count >= 0);
        if (count <= 0) sched_yield();
        if (count < 0) break;
    }
    pthread_join(threads[0], NULL);
    CHECK(fv_stream_available(stream) == 0 && same(spoken, streamed, samples));
    fv_stream_free(stream);
    free(spoken);
}

static void test_freed_voice(void) {
    float *spoken = malloc((size_t)samples * sizeof(float));
    fv_voice *mine = fv_voice_open(voice_path);
    fv_options o = options(1);
    fv_stream *stream = fv_stream_create(mine, &o);
    fv_voice_free(mine);
    CHECK(fv_stream_create(mine, NULL) == NULL);
    int64_t got = speak(stream, 0, frames, 8, spoken);
    CHECK(got + finish(stream, spoken + got) == samples && same(spoken, streamed, samples));
    fv_stream_free(stream);
    free(spoken);
}

/* A file of the folder of recipes. */
static const char *at(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", recipes, name);
    return path;
}

/* What a voice for another recipe makes of a mel, whole and in pieces, is what the command made of it. */
static void compare(fv_voice *other, float denoise, const char *npy, const char *wav) {
    int64_t values, bands = fv_voice_bands(other);
    size_t bytes;
    float *foreign = read_npy(at(npy), &values), *expected = read_wav(at(wav), &bytes);
    int64_t count = values / bands, size = fv_voice_samples(other, count);
    CHECK((size_t)size * sizeof(float) == bytes);
    float *spoken = malloc(bytes), *by_frame = malloc((size_t)values * sizeof(float));
    for (int64_t i = 0; i < values; i++) by_frame[i % count * bands + i / count] = foreign[i];
    fv_options o;
    CHECK(fv_options_init(other, &o) == FV_OK);
    o.match = 0;
    o.denoise = denoise;
    CHECK(fv_synthesize(other, &o, foreign, count, FV_BANDS_FIRST, spoken, size - 1) == FV_ERROR_ARGUMENT);
    CHECK(fv_synthesize(other, &o, foreign, count, FV_BANDS_FIRST, spoken, size) == size && same(spoken, expected, size));
    memset(spoken, 0, bytes);
    CHECK(fv_synthesize(other, &o, by_frame, count, FV_FRAMES_FIRST, spoken, size) == size && same(spoken, expected, size));

    fv_stream *stream = fv_stream_create(other, &o);
    static const int64_t pieces[] = {1, 7, 1000};
    for (size_t i = count < 20 ? 1 : 0; i < sizeof pieces / sizeof *pieces; i++) { /* valgrind has no time for all of them */
        int64_t got = 0;
        memset(spoken, 0, bytes);
        for (int64_t from = 0; from < count; from += pieces[i]) {
            int64_t n = from + pieces[i] < count ? pieces[i] : count - from, ready = fv_stream_push(stream, by_frame + from * bands, n);
            CHECK(ready >= 0);
            got += fv_stream_pull(stream, spoken + got, ready);
            CHECK(fv_voice_samples(other, from + n) - got <= fv_stream_latency(stream) + hop);
        }
        CHECK(got + finish(stream, spoken + got) == size && same(spoken, expected, size));
        CHECK(fv_stream_push(stream, by_frame, 1) == FV_ERROR_ORDER);
        CHECK(fv_stream_reset(stream) == FV_OK);
    }
    /* A state holds what the conversion and the denoiser remember, too; a frame that no sound has is not taken in. */
    int64_t half = count / 2, got, saved_size;
    CHECK((got = fv_stream_push(stream, by_frame, half)) >= 0 && fv_stream_pull(stream, spoken, got) == got);
    float value = by_frame[half * bands + 3];
    by_frame[half * bands + 3] = NAN;
    CHECK(fv_stream_push(stream, by_frame + half * bands, count - half) == FV_ERROR_INPUT);
    CHECK_ERROR("is NaN in band 3, expected a finite number");
    by_frame[half * bands + 3] = value;
    CHECK((saved_size = fv_stream_save(stream, NULL, 0)) > 0);
    void *state = malloc((size_t)saved_size);
    CHECK(fv_stream_save(stream, state, saved_size) == saved_size);
    fv_stream *later = fv_stream_create(other, &o), *plain = fv_stream_create(other, NULL);
    CHECK(fv_stream_restore(later, state, saved_size / 2) == FV_ERROR_INPUT);
    CHECK(fv_stream_restore(later, state, saved_size) == FV_OK);
    CHECK(fv_stream_push(later, by_frame + half * bands, count - half) >= 0);
    got += fv_stream_pull(later, spoken + got, size - got);
    CHECK(got + finish(later, spoken + got) == size && same(spoken, expected, size));
    if (denoise != 0) CHECK(fv_stream_restore(plain, state, saved_size) == FV_ERROR_INPUT);
    fv_stream_free(plain);
    fv_stream_free(later);
    fv_stream_free(stream);
    free(state);
    free(by_frame);
    free(spoken);
    free(expected);
    free(foreign);
}

static void test_recipes(void) {
    fv_voice *other = fv_voice_with_recipe(voice, "mozilla-range", NULL, 0);
    CHECK(other != NULL && strcmp(fv_voice_difference(other), "") == 0 && strstr(fv_voice_recipe(other), "\"mozilla-range\"") != NULL);
    compare(other, 0, "mozilla-range.npy", "mozilla-range.wav");
    fv_voice_free(other);

    CHECK(fv_voice_with_recipe(voice, "parallelwavegan", at("stats.npy"), 0) == NULL);
    CHECK_ERROR("can only be turned into that of the voice 'student' (hifigan) with a loss, expected approximate if that will do");
    other = fv_voice_with_recipe(voice, "parallelwavegan", at("stats.npy"), 1);
    CHECK(other != NULL && strstr(fv_voice_difference(other), "80\xe2\x80\x93" "7600 instead of 0\xe2\x80\x93" "8000 Hz") != NULL);
    compare(other, 0, "parallelwavegan.npy", "parallelwavegan.wav");
    fv_voice_free(other);

    /* 100 bands, 24 kHz: frames at another rate, of which two more must follow. */
    other = fv_voice_with_recipe(voice, "vocos", NULL, 1);
    CHECK(fv_voice_bands(other) == 100 && fv_voice_hop_size(other) == hop && fv_voice_samples(other, 100) == 91 * hop);
    compare(other, 0, "vocos.npy", "vocos.wav");
    fv_voice_free(other);

    /* The voice's own: another handle. */
    fv_voice *own = fv_voice_with_recipe(voice, NULL, NULL, 0);
    CHECK(own != NULL && own != voice && strcmp(fv_voice_recipe(own), fv_voice_recipe(voice)) == 0 && fv_voice_samples(own, 7) == 7 * hop);
    fv_voice_free(own);

    CHECK(fv_voice_with_recipe(voice, "nobody", NULL, 1) == NULL);
    CHECK_ERROR("mel recipe 'nobody' is not known, expected one of ");
    CHECK(fv_voice_with_recipe(voice, "wavernn", NULL, 1) == NULL);
    CHECK_ERROR("a 'wavernn' mel cannot be converted to 'hifigan': its values end at 1");
    CHECK(fv_voice_with_recipe(voice, "nvidia", "nowhere.npy", 0) == NULL);
    CHECK_ERROR("nowhere.npy");
    CHECK(fv_voice_with_recipe(voice, "vocos", at("stats.npy"), 1) == NULL);
    CHECK_ERROR("has shape [2, 80]");
    CHECK(fv_voice_with_recipe(NULL, "nvidia", NULL, 0) == NULL);
    CHECK(fv_voice_samples(voice, -1) == FV_ERROR_ARGUMENT && fv_voice_samples(NULL, 1) == FV_ERROR_ARGUMENT && fv_voice_difference(NULL) == NULL);
}

static void test_denoiser(void) {
    fv_voice *humming = fv_voice_open(waveglow);
    CHECK(humming != NULL);
    compare(humming, 0.5f, "waveglow.npy", "waveglow.wav");
    fv_options o;
    CHECK(fv_options_init(humming, &o) == FV_OK && o.denoise == 0);
    o.denoise = -1;
    CHECK(fv_stream_create(humming, &o) == NULL);
    CHECK_ERROR("the strength of the denoiser is -1, expected 0 to 100");
    fv_voice_free(humming);
    o = options(0);
    o.denoise = 0.1f;
    CHECK(fv_stream_create(voice, &o) == NULL);
    CHECK_ERROR("has no bias that a denoiser knows, expected a WaveGlow");
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    size_t bytes, bytes16, bytes_streamed;
    int64_t values;
    int passed = 0, failed = 0;
    voice = fv_voice_open(voice_path = argv[1]);
    if (!voice) {
        fprintf(stderr, "%s\n", fv_last_error());
        return 2;
    }
    recipes = argv[6];
    waveglow = argv[7];
    mel = read_npy(argv[2], &values);
    whole = read_wav(argv[3], &bytes);
    whole16 = read_wav(argv[4], &bytes16);
    streamed = read_wav(argv[5], &bytes_streamed);
    hop = fv_voice_hop_size(voice);
    frames = values / 80;
    samples = frames * hop;
    if (bytes != (size_t)samples * 4 || bytes16 != (size_t)samples * 2 || bytes_streamed != bytes) return 2;
    rows = malloc((size_t)values * sizeof(float));
    for (int64_t i = 0; i < values; i++) rows[i % frames * 80 + i / frames] = mel[i];

    RUN(test_voices);
    RUN(test_whole_mels);
    RUN(test_refusals);
    RUN(test_handles);
    RUN(test_streams);
    RUN(test_states);
    RUN(test_threads);
    RUN(test_freed_voice);
    RUN(test_recipes);
    RUN(test_denoiser);

    fv_voice_free(voice);
    free(mel);
    free(rows);
    free(whole);
    free(whole16);
    free(streamed);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
