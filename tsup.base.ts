import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

/** Builds each entry as ESM and CJS with declarations for both; shared chunks keep every class unique per format. */
export const library = (entry: string[], options: Pick<Options, 'onSuccess' | 'esbuildPlugins'> = {}) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    // `npm run typecheck` checks.
    dts: { compilerOptions: { noCheck: true } },
    splitting: true,
    removeNodeProtocol: false,
    // import.meta.url in CommonJS. What ES modules would get, a host that is bundled as CommonJS fails at.
    shims: true,
    esbuildOptions(options, { format }) {
      if (format === 'esm') options.inject = []
    },
    clean: true,
    silent: true,
    ...options,
  })

/**
 * For packages with others built in, which take long to load file by file, or bring many more along: their licences go
 * with the build.
 */
export const withBuiltIn = (...names: readonly string[]) => ({
  onSuccess: async () => {
    const licenses = names.map((name) => {
      const folder = new URL(`node_modules/${name}/`, import.meta.url)
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))!
      return `${name}\n\n${readFileSync(new URL(file, folder), 'utf8').trim()}\n`
    })
    writeFileSync('dist/BUILT-IN-LICENSES', licenses.join(`\n${'-'.repeat(80)}\n\n`))
  },
})
