import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeListener } from '@agent-prompt-train/core/node'
import { type MountableHarness, mountableCases } from '@agent-prompt-train/core/testing'
import { describe, it } from 'vitest'

const nodeHttp: MountableHarness = {
  async mount(app, { mountPath }) {
    const server = createServer(toNodeListener(app, { mountPath }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      fetch: (target, init) => fetch(origin + target, init),
      close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
    }
  },
}

const inProcess: MountableHarness = {
  mount: async (app, { mountPath }) => ({
    fetch: (target, init) => app.fetch(`http://in.process${target}`, { ...init, mountPath }),
    close: async () => {},
  }),
}

describe.each([
  ['node:http', nodeHttp],
  ['fetch, in process', inProcess],
])('%s', (_name, harness) => {
  for (const { name, run } of mountableCases) it(name, () => run(harness))
})
