/* Speaks mel frames (float32, one after the other) from standard input, while they come, as 16-bit samples on standard output. */
#include "flowvocoder.h"
#include <stdio.h>

static int complain(void) {
    fprintf(stderr, "%s\n", fv_last_error());
    return 1;
}

int main(int argc, char **argv) {
    fv_voice *voice = fv_voice_open(argc > 1 ? argv[1] : "student.safetensors");
    fv_stream *stream = voice ? fv_stream_create(voice, NULL) : NULL;
    if (!stream) return complain();

    float frame[256], samples[1024];
    int16_t pcm[1024];
    size_t bands = (size_t)fv_voice_bands(voice);
    for (int more = 1; more;) {
        more = fread(frame, sizeof(float), bands, stdin) == bands;
        if ((more ? fv_stream_push(stream, frame, 1) : fv_stream_flush(stream)) < 0) return complain();
        for (int64_t count; (count = fv_stream_pull(stream, samples, 1024)) > 0;) {
            fv_to_pcm16(samples, count, pcm);
            fwrite(pcm, sizeof(int16_t), (size_t)count, stdout);
        }
        fflush(stdout);
    }
    fv_stream_free(stream);
    fv_voice_free(voice);
    return 0;
}
