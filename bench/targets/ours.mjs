// Agent Prompt Train as a team would mount it: client keys, usage, and one access line for each exchange.
import { createProxy, memoryStorage, Secret } from '@agent-prompt-train/core'
import { UPSTREAM_KEY } from '../messages.mjs'
import { UPSTREAM } from './settings.mjs'

const { clientKeys, credentials } = memoryStorage({
  clientKeys: [JSON.parse(process.env.CLIENT_KEY_RECORD)],
  credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(UPSTREAM_KEY) } },
})

export const proxy = createProxy({
  // Without `exchanges`: nothing is recorded.
  storage: { clientKeys, credentials },
  upstream: UPSTREAM,
})
