import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = ['core', 'express-adapter', 'hono-adapter', 'storage-pg', 'cli']
const libraries = packages.slice(0, 4)

/** A folder of somebody who has just run `npm install`. */
let folder: string
const tarballs = new Map<string, string>()

/** Runs a tool of this repository, without npx between. */
const tool = (name: string, args: readonly string[]) => run(join(root, 'node_modules/.bin', name), args, { cwd: root })
const node = async (name: string, code: string) => {
  await writeFile(join(folder, name), code)
  return (await run('node', [name], { cwd: folder })).stdout.trim()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consumer-'))
  const workspaces = packages.flatMap((name) => ['-w', `packages/${name}`])
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, ...workspaces], { cwd: root })
  for (const { name, filename } of JSON.parse(stdout)) tarballs.set(name.split('/')[1], join(folder, filename))
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const beside = ['express@5', 'hono@4', '@types/node@20', '@types/express@5']
  // Nothing here starts a database, whose programs are optional and large.
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error', '--omit=optional']
  await run('npm', ['install', ...tarballs.values(), ...beside, ...quietly], { cwd: folder })
}, 180_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

const scenario = `
  const { key, record } = createClientKey({ domain: 'example.com' })
  const upstream = createServer((req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.end('data: ' + req.headers['x-api-key'] + '\\n\\n')
  })
  upstream.listen(0, '127.0.0.1', async () => {
    const proxy = createProxy({
      storage: memoryStorage({ clientKeys: [record], credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } } }),
      upstream: 'http://127.0.0.1:' + upstream.address().port,
      logger: silentLogger,
    })
    const server = express().use('/claude', createExpressMiddleware(proxy)).listen(0, '127.0.0.1', async () => {
      const response = await fetch('http://127.0.0.1:' + server.address().port + '/claude/v1/messages', {
        method: 'POST', headers: { 'x-api-key': key }, body: '{}',
      })
      console.log(response.status, (await response.text()).trim())
      await proxy.close()
      server.close()
      upstream.close()
    })
  })`

describe('a consumer of the packed packages', () => {
  it('streams an answer with import', async () => {
    const code = `
      import { createServer } from 'node:http'
      import express from 'express'
      import { createClientKey, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
      import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
      ${scenario}`
    expect(await node('stream.mjs', code)).toBe('200 data: sk-ant-FAKE')
  })

  it('streams an answer with require', async () => {
    const code = `
      const { createServer } = require('node:http')
      const express = require('express')
      const { createClientKey, createProxy, memoryStorage, Secret, silentLogger } = require('@agent-prompt-train/core')
      const { createExpressMiddleware } = require('@agent-prompt-train/express-adapter')
      ${scenario}`
    expect(await node('stream.cjs', code)).toBe('200 data: sk-ant-FAKE')
  })

  it('knows its errors across both formats', async () => {
    const code = `
      import { createRequire } from 'node:module'
      import { ConfigurationError } from '@agent-prompt-train/core'
      const { createProxy } = createRequire(import.meta.url)('@agent-prompt-train/core')
      try { createProxy({}) } catch (error) { console.log(error instanceof ConfigurationError, error.option) }`
    expect(await node('errors.mjs', code)).toBe('true credentials')
  })

  it.each(['cjs', 'esm'] as const)(
    'can be bundled as %s: bodies are recorded, without the worker script',
    async (format) => {
      const code = `
      import { createServer } from 'node:http'
      import { createClientKey, createKeyRingKey, createProxy, memoryStorage, parseKeyRing, Secret, silentLogger } from '@agent-prompt-train/core'
      const { key, record } = createClientKey({ domain: 'example.com' })
      const credentials = { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } }
      const storage = memoryStorage({ clientKeys: [record], credentials })
      const upstream = createServer((req, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
      upstream.listen(0, '127.0.0.1', async () => {
        const proxy = createProxy({
          storage, upstream: 'http://127.0.0.1:' + upstream.address().port, logger: silentLogger,
          record: { keyRing: parseKeyRing('k1:' + createKeyRingKey().expose()) },
        })
        const body = JSON.stringify({ model: 'claude-a', messages: [{ role: 'user', content: 'Hello' }] })
        const response = await proxy.fetch('http://proxy/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body })
        await response.text()
        await proxy.close()
        upstream.close()
        const [{ requestId }] = (await storage.exchanges.list({}, { limit: 1 })).exchanges
        const { content } = await storage.exchanges.find(requestId)
        console.log(response.status, content.parts.length)
      })`
      await writeFile(join(folder, 'host.mjs'), code)
      const bundle = await build({
        ...{ entryPoints: [join(folder, 'host.mjs')], bundle: true, platform: 'node', write: false, format },
        // For undici, which is CommonJS and requires modules of Node's.
        ...(format === 'esm' && {
          banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
        }),
        logLevel: 'silent',
      })
      // Away from the installed packages.
      const alone = join(await mkdtemp(join(folder, 'bundled-')), `host.${format === 'cjs' ? 'cjs' : 'mjs'}`)
      await writeFile(alone, bundle.outputFiles[0]!.contents)
      expect((await run('node', [alone])).stdout).toBe('200 1\n')
    },
  )

  it.each([
    ['nodenext', 'typescript'],
    ['bundler', 'typescript7'],
  ])(
    'type-checks strictly under moduleResolution %s, with %s',
    async (resolution, compiler) => {
      await writeFile(
        join(folder, 'app.ts'),
        `import { createProxy, type Mountable, memoryStorage } from '@agent-prompt-train/core'
       import { toNodeListener } from '@agent-prompt-train/core/node'
       import { mountableCases } from '@agent-prompt-train/core/testing'
       import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
       import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
       import express from 'express'
       import { Hono } from 'hono'
       const proxy: Mountable = createProxy({ storage: memoryStorage(), authenticate: () => null })
       express().use(createExpressMiddleware(proxy))
       new Hono().all('*', createHonoHandler(proxy))
       export const listener = toNodeListener(proxy, { mountPath: '/claude' })
       export const names: string[] = mountableCases.map(({ name }) => name)
       // @ts-expect-error a misspelt option is an error
       createProxy({ storage: memoryStorage(), upsteam: '' })`,
      )
      const module = resolution === 'bundler' ? 'esnext' : 'nodenext'
      const flags = [
        '--noEmit',
        '--strict',
        '--exactOptionalPropertyTypes',
        '--skipLibCheck',
        'false',
        '--target',
        'es2023',
      ]
      const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
      const checking = run('node', [tsc, ...flags, '--module', module, '--moduleResolution', resolution, 'app.ts'], {
        cwd: folder,
      })
      await expect(checking.catch((error) => error.stdout)).resolves.toMatchObject({ stdout: '' })
    },
    120_000,
  )

  it('runs the command', async () => {
    const { stdout } = await run('npx', ['prompt-train', 'auth', 'generate-key', '--json'], { cwd: folder })
    const { key, digest } = JSON.parse(stdout)
    expect(key).toMatch(/^cnp_live_[0-9A-Za-z]{46}$/)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('brings few packages and no test or source file', async () => {
    const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
    const needs = (name: string): string[] => Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {})
    const below = new Set<string>()
    const collect = (name: string) => {
      for (const dependency of needs(name)) {
        if (below.has(dependency)) continue
        below.add(dependency)
        collect(dependency)
      }
    }
    collect('@agent-prompt-train/core')
    console.log(`packages below core: ${below.size} (${[...below].join(', ')})`)
    expect(below.size).toBeLessThanOrEqual(10)
    for (const name of libraries) {
      const files = await readdir(join(folder, 'node_modules/@agent-prompt-train', name), { recursive: true })
      expect(files.filter((file) => /(^|\/)(src|test)\/|\.test\./.test(file))).toEqual([])
    }
  })
})

describe.each(libraries)('%s as published', (name) => {
  it('satisfies publint', async () => {
    await tool('publint', ['--strict', tarballs.get(name)!])
  })

  it('resolves its types in every mode', async () => {
    // node10 resolution predates subpath exports, which Node itself has had since 12.
    await tool('attw', [tarballs.get(name)!, '--profile', 'node16'])
  })
})
