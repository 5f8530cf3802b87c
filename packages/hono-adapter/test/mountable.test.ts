import type { MountableHarness } from '@agent-prompt-train/core/testing'
import { mountableCases } from '@agent-prompt-train/core/testing'
import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { describe, it } from 'vitest'

const nodeServer: MountableHarness = {
  async mount(app, { mountPath }) {
    const hono = new Hono().all(`${mountPath}/*`, createHonoHandler(app, { mountPath }))
    const { server, port } = await new Promise<{ server: ServerType; port: number }>((resolve) => {
      const server = serve({ fetch: hono.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
        resolve({ server, port }),
      )
    })
    return {
      fetch: (target, init) => fetch(`http://127.0.0.1:${port}${target}`, init),
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          if ('closeAllConnections' in server) server.closeAllConnections()
        }),
    }
  },
}

const inProcess: MountableHarness = {
  async mount(app, { mountPath }) {
    const hono = new Hono().all(`${mountPath}/*`, createHonoHandler(app))
    return { fetch: async (target, init) => hono.request(target, init), close: async () => {} }
  },
}

describe.each([
  ['Hono on @hono/node-server', nodeServer],
  ['Hono, app.request()', inProcess],
])('%s', (_name, harness) => {
  for (const { name, run } of mountableCases) it(name, () => run(harness))
})
