import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { MountableHarness } from '@agent-prompt-train/core/testing'
import { mountableCases } from '@agent-prompt-train/core/testing'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import express from 'express'
import express4 from 'express4'
import { describe, expect, it } from 'vitest'

const require = createRequire(import.meta.url)

const harness = (framework: typeof express): MountableHarness => ({
  async mount(app, { mountPath }) {
    const host = framework()
    host.use(mountPath || '/', createExpressMiddleware(app))
    const server = createServer(host)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      fetch: (target, init) => fetch(origin + target, init),
      close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
    }
  },
})

describe.each([
  ['express', 5, express],
  ['express4', 4, express4],
] as const)('%s', (alias, major, framework) => {
  it(`is Express ${major}`, () => {
    const { version } = JSON.parse(readFileSync(require.resolve(`${alias}/package.json`), 'utf8')) as {
      version: string
    }
    expect(Number(version.split('.')[0])).toBe(major)
  })

  for (const { name, run } of mountableCases) it(name, () => run(harness(framework)))
})
