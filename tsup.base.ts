import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { defineConfig } from 'tsup'

const MODULES = resolve('../../node_modules')

/** Builds each entry as ESM and CJS with declarations for both; shared chunks keep every class unique per format. */
export const library = (entry: string[], options: { onSuccess?: () => Promise<void> } = {}) =>
  defineConfig(() => ({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    dts: { entry: declare(entry) },
    splitting: true,
    // import.meta.url in CommonJS.
    shims: true,
    clean: true,
    silent: true,
    ...options,
  }))

/** For packages with zod built in, as its 90 files take longer to load than all else: its licence goes along. */
export const withZod = {
  onSuccess: () => copyFile('../../node_modules/zod/LICENSE', 'dist/zod-LICENSE'),
}

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
