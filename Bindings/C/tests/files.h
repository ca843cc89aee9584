/* Reads the files that the tests compare with: .npy of float32, wav. Files are our own, so that little is checked. */
#ifndef FILES_H
#define FILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*size + 1);
    if (!data || fread(data, 1, *size, file) != *size) exit(2);
    data[*size] = 0;
    fclose(file);
    return data;
}

/* The values of a [bands, frames] array, which the caller frees. */
static float *read_npy(const char *path, int64_t *count) {
    size_t size;
    unsigned char *data = read_file(path, &size);
    size_t start = 10u + data[8] + 256u * data[9];
    float *values = malloc(size - start);
    memcpy(values, data + start, size - start);
    *count = (int64_t)((size - start) / sizeof(float));
    free(data);
    return values;
}

/* The bytes of the samples of a wav, which the caller frees. */
static void *read_wav(const char *path, size_t *bytes) {
    size_t size;
    unsigned char *data = read_file(path, &size);
    for (size_t at = 12; at + 8 <= size;) {
        uint32_t length;
        memcpy(&length, data + at + 4, 4);
        if (memcmp(data + at, "data", 4) == 0) {
            void *samples = malloc(length);
            memcpy(samples, data + at + 8, length);
            *bytes = length;
            free(data);
            return samples;
        }
        at += 8 + length + (length & 1);
    }
    exit(2);
}

#endif
