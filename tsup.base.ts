import { defineConfig } from 'tsup'

/** Builds each entry as ESM and CJS with declarations for both; shared chunks keep every class unique per format. */
export const library = (entry: string[]) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    dts: true,
    splitting: true,
    // import.meta.url in CommonJS.
    shims: true,
    clean: true,
    silent: true,
  })
