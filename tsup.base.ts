import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { defineConfig, type Options } from 'tsup'

const MODULES = resolve('../../node_modules')

/** Builds each entry as ESM and CJS with declarations for both; shared chunks keep every class unique per format. */
export const library = (entry: string[], options: Pick<Options, 'onSuccess' | 'esbuildPlugins'> = {}) =>
  defineConfig(() => ({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    dts: { entry: declare(entry) },
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
  }))

/**
 * For packages with others built in, which take long to load file by file, or bring many more along: their licences go
 * with the build.
 */
export const withBuiltIn = (...names: readonly string[]) => ({
  onSuccess: async () => {
    const licenses = names.map((name) => {
      const folder = join(MODULES, name)
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))!
      return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
    })
    writeFileSync('dist/BUILT-IN-LICENSES', licenses.join(`\n${'-'.repeat(80)}\n\n`))
  },
})

/**
 * Writes the declarations of the entries and of all that they import, for tsup to bundle; returns those of the entries. tsup
 * itself would make them with TypeScript 5, which takes ten times as long. `npm run typecheck` checks.
 */
function declare(entry: string[]): Record<string, string> {
  // Not below node_modules, which tsup leaves out of its bundles.
  const folder = mkdtempSync(join(tmpdir(), 'declarations-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const project = resolve(folder, 'tsconfig.json')
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, noCheck: true },
    ...{ rootDir: resolve('src'), outDir: folder, typeRoots: [join(MODULES, '@types')] },
  }
  const files = entry.map((path) => resolve(path))
  writeFileSync(
    project,
    JSON.stringify({ extends: resolve('../../tsconfig.json'), compilerOptions, files, include: [] }),
  )
  execFileSync(process.execPath, [resolve(MODULES, 'typescript7/bin/tsc'), '-p', project], { stdio: 'inherit' })
  const names = entry.map((path) => path.replace(/^src\/(.*)\.ts$/, '$1'))
  return Object.fromEntries(names.map((name) => [name, resolve(folder, `${name}.d.ts`)]))
}
