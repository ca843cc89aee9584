/* Speaks a mel on one thread and prints the seconds that it took: speed VOICE MEL.npy */
#include "../flowvocoder.h"
#include "files.h"
#include <time.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    fv_voice *voice = fv_voice_open(argv[1]);
    fv_options options;
    if (!voice || fv_options_init(voice, &options) != FV_OK) return 2;
    options.threads = 1;
    int64_t values;
    float *mel = read_npy(argv[2], &values);
    int64_t frames = values / fv_voice_bands(voice), samples = frames * fv_voice_hop_size(voice);
    float *spoken = malloc((size_t)samples * sizeof(float));

    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (fv_synthesize(voice, &options, mel, frames, FV_BANDS_FIRST, spoken, samples) != samples) return 2;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.4f\n", (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec));
    free(mel);
    free(spoken);
    fv_voice_free(voice);
    return 0;
}
