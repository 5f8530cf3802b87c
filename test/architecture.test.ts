import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const core = join(root, 'packages/core/src')

/** The line of one request, and the way in from each kind of host: they may know the folders. */
const ABOVE_FOLDERS = [
  ...['proxy.ts', 'options.ts', 'options-schema.ts', 'proxy-options.ts', 'proxy-app.ts', 'recording.ts'],
  'index.ts',
]
/** The vocabulary that every folder shares: it knows no folder but that of masking, which is vocabulary itself. */
const VOCABULARY = [
  'alerts',
  'client-key',
  'clock',
  'errors',
  'exchange',
  'log-destination',
  'logger',
  'mountable',
  'secret',
  'storage/credential',
  'storage/storage',
  'storage/exchange-store',
  'storage/link-facts',
  'storage/usage-row',
  'within',
]
/** What several folders seal data at rest with: it knows the vocabulary alone, and any folder may import it. */
const SHARED_FOLDER = 'key-ring'
/** Imports nothing above itself and may be imported by everything: whatever is written down passes through it. */
const MASKING = 'masking'

interface SourceFile {
  readonly path: string
  readonly folder: string
  readonly text: string
  /** What it imports of its own package, as paths from src. */
  readonly imports: readonly string[]
}

const sources = (folder: string): SourceFile[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => {
      const text = readFileSync(join(folder, path), 'utf8')
      const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, target]) =>
        relative(folder, resolve(folder, dirname(path), target!))
          .replaceAll(sep, '/')
          .replace(/\.js$/, ''),
      )
      return { path: path.replaceAll(sep, '/'), folder: dirname(path).replaceAll(sep, '/'), text, imports }
    })

const folderOf = (path: string) => dirname(path)

describe('core', () => {
  const files = sources(core)

  it('has files to look at', () => {
    expect(files.length).toBeGreaterThan(25)
  })

  it.each(files.map((file) => [file.path, file] as const))('%s imports only what it may', (path, file) => {
    for (const target of file.imports) {
      const to = folderOf(target)
      if (file.folder === MASKING) {
        expect(to, `${path} is below everything and imports ${target}`).toBe(MASKING)
      } else if (to === MASKING) continue
      else if (VOCABULARY.includes(path.replace('.ts', ''))) {
        expect(VOCABULARY, `${path} is vocabulary and imports ${target}`).toContain(target)
      } else if (file.folder === SHARED_FOLDER) {
        expect(to === SHARED_FOLDER || VOCABULARY.includes(target), `${path} imports ${target}`).toBe(true)
      } else if (file.folder === 'testing') {
        expect(['.', 'testing', 'storage'], `${path} imports ${target}`).toContain(to)
      } else if (file.folder !== '.') {
        const allowed = to === file.folder || to === '.' || to === SHARED_FOLDER || VOCABULARY.includes(target)
        expect(allowed, `${path} imports its sibling folder's ${target}`).toBe(true)
        expect(['proxy', 'options', 'index', 'web', 'node'], `${path} imports upwards`).not.toContain(target)
      } else if (!ABOVE_FOLDERS.includes(path)) {
        expect(to === '.' || VOCABULARY.includes(target), `${path} knows the folder of ${target}`).toBe(true)
      }
      if (file.folder !== 'testing') expect(to, `${path} imports test support`).not.toBe('testing')
    }
  })

  it('re-exports from index.ts alone', () => {
    const others = files.filter(({ path, text }) => !path.endsWith('index.ts') && /^export .* from '/m.test(text))
    expect(others.map(({ path }) => path)).toEqual([])
  })

  it('has no import cycle', () => {
    const graph = new Map(files.map(({ path, imports }) => [path.replace('.ts', ''), imports]))
    const done = new Set<string>()
    const visit = (name: string, trail: readonly string[]): void => {
      expect(trail, [...trail, name].join(' -> ')).not.toContain(name)
      if (done.has(name)) return
      for (const next of graph.get(name) ?? []) visit(next, [...trail, name])
      done.add(name)
    }
    for (const name of graph.keys()) visit(name, [])
  })
})

describe('adapters', () => {
  it.each(['express-adapter', 'hono-adapter'])('%s imports nothing that a third party could not', (name) => {
    for (const { text, path } of sources(join(root, 'packages', name, 'src'))) {
      for (const [, target] of text.matchAll(/from '([^']+)'/g)) {
        expect(target, path).toMatch(/^(@agent-prompt-train\/core(\/node)?|express|hono|node:\w+)$/)
      }
    }
  })
})

describe('storage-pg', () => {
  const modules = sources(join(root, 'packages/storage-pg/src'))
  const SQL =
    /\b(?:select|insert into|update|delete from|where|order by|values|create|alter|drop|truncate|grant|listen|notify)\b|\$<|\$\d/i
  /** What pg-promise fills in as it stands: everything but a quoted name. */
  const UNQUOTED = /\$\d+(?:\^|#|:(?!name\b|:))|\$<[^>]*(?:\^|#|:(?!name>))[^>]*>/

  /** Pieces of SQL that depend on a value. Constants named in capitals may be put together, of the file and of those beside it. */
  function constantsOf(source: ts.SourceFile): Map<string, ts.Expression> {
    const constants = new Map<string, ts.Expression>()
    for (const statement of source.statements) {
      if (!ts.isVariableStatement(statement) || !(statement.declarationList.flags & ts.NodeFlags.Const)) continue
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (initializer !== undefined) constants.set(name.getText(), initializer)
      }
    }
    return constants
  }

  function builtSql(text: string): string[] {
    const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true)
    const constants = constantsOf(source)
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement)) continue
      const [, name] = /^'\.\/([\w-]+)\.js'$/.exec(statement.moduleSpecifier.getText()) ?? []
      const imported = modules.find(({ path }) => path === `${name}.ts`)
      if (imported === undefined) continue
      const module = ts.createSourceFile(imported.path, imported.text, ts.ScriptTarget.Latest, true)
      for (const [constant, initializer] of constantsOf(module)) constants.set(constant, initializer)
    }
    const isConstant = (node: ts.Expression): boolean => {
      if (ts.isStringLiteralLike(node)) return true
      if (ts.isTemplateExpression(node)) return node.templateSpans.every(({ expression }) => isConstant(expression))
      const initializer = ts.isIdentifier(node) && /^[A-Z_]+$/.test(node.text) ? constants.get(node.text) : undefined
      return initializer !== undefined && isConstant(initializer)
    }
    /** What is written in a text, without what is put into it. */
    const wordsOf = (node: ts.Node): string => {
      if (ts.isStringLiteralLike(node)) return node.text
      if (!ts.isTemplateExpression(node)) return ''
      return [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join(' ')
    }
    const builtFrom = (node: ts.Node): string => {
      if (ts.isTemplateExpression(node)) return isConstant(node) ? '' : wordsOf(node)
      if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return ''
      return `${wordsOf(node.left)} ${wordsOf(node.right)}`
    }
    const found: string[] = []
    const visit = (node: ts.Node): void => {
      if (SQL.test(builtFrom(node)) || UNQUOTED.test(wordsOf(node))) found.push(node.getText())
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found
  }

  it.each(sources(join(root, 'packages/storage-pg/src')).map(({ path, text }) => [path, text] as const))(
    '%s builds no SQL from values: they are parameters',
    (_path, text) => {
      expect(builtSql(text)).toEqual([])
    },
  )

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the texts are source code.
  it.each([
    'rows(`select * from client_keys where domain = ${domain}`)',
    "rows('select * from client_keys order by ' + column)",
    'let ORDER = column; rows(`select 1 from $<schema:name>.exchanges order by ${ORDER}`)',
    'const PART = `where ${column} = $1`; rows(`select 1 ${PART}`)',
    "import { NO_SUCH_CONSTANT } from './sums.js'; rows(`select 1 from exchanges ${NO_SUCH_CONSTANT}`)",
    "rows('select $1:raw')",
    "rows('select $<column^> from exchanges')",
  ])('would be caught with: %s', (text) => {
    expect(builtSql(text)).not.toEqual([])
  })

  it.each([
    "const PART = 'domain = $1'; rows(`select 1 from $<schema:name>.exchanges where ${PART}`, [domain])",
    "import { ADD_TO_SUMS } from './sums.js'; rows(`with added as (select 1 from exchanges) ${ADD_TO_SUMS}`)",
    "none('listen $1:name', [channel])",
    "rows('select $1::text')",
    'throw new Error(`The credential of ${domain} is gone.`)',
  ])('may say: %s', (text) => {
    expect(builtSql(text)).toEqual([])
  })
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the texts were source code.
})

describe('library packages', () => {
  const libraries = ['core', 'express-adapter', 'hono-adapter', 'storage-pg']
  const files = libraries.flatMap((name) =>
    sources(join(root, 'packages', name, 'src')).map((file) => ({ ...file, path: `${name}/${file.path}` })),
  )

  it('never read the environment', () => {
    expect(files.filter(({ text }) => text.includes('process.env')).map(({ path }) => path)).toEqual([])
  })

  it('keep files small: one job each', () => {
    const long = files.filter(
      ({ path, text }) => !/\/(?:testing|migrations)\//.test(path) && text.split('\n').length > 220,
    )
    expect(long.map(({ path }) => path)).toEqual([])
  })

  it('have at most 10 runtime packages below core and no install scripts', () => {
    for (const name of [...libraries, 'cli']) {
      const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
      expect(Object.keys(manifest.dependencies ?? {}).length, name).toBeLessThanOrEqual(10)
      for (const script of ['preinstall', 'install', 'postinstall'])
        expect(manifest.scripts, name).not.toHaveProperty(script)
    }
  })
})
