import { copyFile } from 'node:fs/promises'
import { defineConfig } from 'tsup'

/** Builds each entry as ESM and CJS with declarations for both; shared chunks keep every class unique per format. */
export const library = (entry: string[], options: { onSuccess?: () => Promise<void> } = {}) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    // `npm run typecheck` checks.
    dts: { compilerOptions: { noCheck: true } },
    splitting: true,
    // import.meta.url in CommonJS.
    shims: true,
    clean: true,
    silent: true,
    ...options,
  })

/** For packages with zod built in, as its 90 files take longer to load than all else: its licence goes along. */
export const withZod = {
  onSuccess: () => copyFile('../../node_modules/zod/LICENSE', 'dist/zod-LICENSE'),
}
