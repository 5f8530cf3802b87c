import { createClientKey, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'
import type { Host } from '../support/hosts.js'
import { type ReceivedRequest, startScriptedUpstream } from '../support/scripted-upstream.js'
import type { Client, ErrorFacts, Play, Scenario, Stage } from './scenario.js'

export const UPSTREAM_KEY = 'sk-ant-api03-FAKE-upstream-key'
const DOMAIN = 'example.com'
const MOUNT_PATH = '/claude'

/** What a client reported. */
export interface Outcome {
  readonly events: readonly unknown[]
  readonly result?: unknown
  readonly error?: ErrorFacts
}

/** An answer as the client's `fetch` saw it. */
export interface SeenAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The body, unless it is a stream. */
  readonly text: string | null
}

export interface Run {
  readonly outcome: Outcome
  readonly received: readonly ReceivedRequest[]
  readonly answers: readonly SeenAnswer[]
  /** Requests that the client made. */
  readonly tries: number
  readonly clientKey: string
  /** From the moment the client left to the end of the last request at the upstream. */
  readonly closedAfterMs: number
}

/** Where a client is pointed at. */
interface Door {
  readonly baseURL: string
  readonly apiKey: string
  readonly fetch: typeof fetch
  close(): Promise<void>
}

/** Plays a scenario against the upstream itself, with the upstream's key. */
export function playDirectly(client: Client, scenario: Scenario, play: Play): Promise<Run> {
  return perform(client, scenario, play, async (origin) => ({
    baseURL: origin,
    apiKey: UPSTREAM_KEY,
    fetch,
    close: async () => {},
  }))
}

/** Plays a scenario through the proxy on `host`, with a client key: its own, or the one given. */
export function playThrough(
  host: Host,
  client: Client,
  scenario: Scenario,
  play: Play,
  clientKey?: string,
): Promise<Run> {
  return perform(client, scenario, play, (origin) => openProxy(host, origin, clientKey))
}

async function openProxy(host: Host, upstream: string, clientKey?: string): Promise<Door> {
  const { key, record } = createClientKey({ domain: DOMAIN })
  const proxy = createProxy({
    upstream,
    storage: memoryStorage({
      clientKeys: [record],
      credentials: { [DOMAIN]: { type: 'api_key', apiKey: new Secret(UPSTREAM_KEY) } },
    }),
    allowHeaders: { request: ['x-corp-trace'] },
    logger: silentLogger,
  })
  const mounted = await host.mount(proxy, { mountPath: MOUNT_PATH })
  return {
    baseURL: mounted.origin + MOUNT_PATH,
    apiKey: clientKey ?? key,
    fetch: mounted.fetch,
    async close() {
      await mounted.close()
      await proxy.close()
    },
  }
}

async function perform(
  client: Client,
  scenario: Scenario,
  play: Play,
  open: (origin: string) => Promise<Door>,
): Promise<Run> {
  const stage = createStage()
  const upstream = await startScriptedUpstream(scenario.answer(stage, UPSTREAM_KEY))
  const door = await open(upstream.origin)
  const answers: SeenAnswer[] = []
  const events: unknown[] = []
  let tries = 0
  const recordingFetch: typeof fetch = async (input, init) => {
    tries++
    const answer = await door.fetch(input, init)
    const headers = Object.fromEntries(answer.headers)
    // A copy of a stream would keep it alive when the client lets go of its own.
    const isStream = headers['content-type']?.startsWith('text/event-stream')
    answers.push({ status: answer.status, headers, text: isStream ? null : await answer.clone().text() })
    return answer
  }
  let leftAt: number | null = null
  stage.abort.signal.addEventListener('abort', () => {
    leftAt = performance.now()
  })

  try {
    const { baseURL, apiKey } = door
    const outcome = await play({ baseURL, apiKey, fetch: recordingFetch, stage, events }).then(
      (result): Outcome => ({ events, result }),
      (error: Error): Outcome => ({ events, error: client.toErrorFacts(error) }),
    )
    leftAt ??= performance.now()
    const closedAt = await upstream.received.at(-1)?.closed
    return {
      outcome,
      received: upstream.received,
      answers,
      tries,
      clientKey: apiKey,
      closedAfterMs: closedAt === undefined ? 0 : closedAt - leftAt,
    }
  } finally {
    await door.close()
    await upstream.close()
  }
}

function createStage(): Stage {
  let saw!: () => void
  const seen = new Promise<void>((resolve) => {
    saw = resolve
  })
  return { abort: new AbortController(), seen, saw }
}
