import { errorTable } from '@agent-prompt-train/core'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type Host, hosts } from '../support/hosts.js'
import type { ReceivedRequest } from '../support/scripted-upstream.js'
import { playDirectly, playThrough, type Run, UPSTREAM_KEY } from './run.js'
import type { Client, Play, Scenario, ScenarioName } from './scenario.js'
import { scenarios } from './scenarios.js'

/** The bound of the requirement is 100 ms; a busy machine gets ten times that. */
const NOTICE_MS = 1000

/** Headers of one hop, and those that a credential and a `fetch` put in: what the proxy makes anew or leaves behind. */
const HOP_HEADERS = new Set(
  'host connection authorization x-api-key accept-encoding accept-language sec-fetch-mode content-length transfer-encoding'.split(
    ' ',
  ),
)

/** What the global fetch adds when its caller names no media type; it means as much as no header (RFC 9110, 12.5.1). */
const FETCH_ACCEPT = 'accept: */*'

const isEndToEnd = (name: string) =>
  /^(?:anthropic-ratelimit-.*|content-type|request-id|retry-after|retry-after-ms|x-should-retry)$/.test(name)

// A developer's own settings must neither steer the clients nor let their tracing report what happens here.
for (const name of Object.keys(process.env)) {
  if (/^(?:ANTHROPIC|LANGSMITH|LANGCHAIN)_/.test(name)) vi.stubEnv(name, undefined)
}

/** Runs every scenario that `client` has, once directly and once through each host, and compares. */
export function describeClient(client: Client): void {
  describe.concurrent(client.name, () => {
    for (const [name, scenario] of Object.entries<Scenario>(scenarios)) {
      const play = client.plays[name as ScenarioName]
      if (typeof play === 'function') describeScenario(client, name, scenario, play)
    }
    describe('a refused client key', () => {
      for (const host of hosts) {
        it(`raises its own error through ${host.name}`, () => assertRefused(client, host))
      }
    })
  })
}

function describeScenario(client: Client, name: string, scenario: Scenario, play: Play): void {
  describe(name, () => {
    const noticed: string[] = []
    let direct: Promise<Run> | null = null
    const playedDirectly = () => (direct ??= playDirectly(client, scenario, play))

    if (scenario.leaves) {
      afterAll(() => console.log(`${client.name}, ${name}: upstream closed after ${noticed.join(', ')}`))
    }

    it('does what it says without the proxy', async () => {
      assertAnchored(client, scenario, await playedDirectly())
    })

    for (const host of hosts) {
      it(`gives the same through ${host.name}`, async () => {
        const [direct, proxied] = await Promise.all([playedDirectly(), playThrough(host, client, scenario, play)])
        assertAnchored(client, scenario, proxied)
        assertSameForClient(scenario, direct, proxied)
        assertSameForUpstream(scenario, direct, proxied)
        if (scenario.leaves) {
          noticed.push(`${proxied.closedAfterMs.toFixed(1)} ms (${host.name})`)
          expect(proxied.closedAfterMs).toBeLessThan(NOTICE_MS)
        }
      })
    }
  })
}

/** Holds a run against the scenario's own words, so that two equal failures are no success. */
function assertAnchored(client: Client, scenario: Scenario, run: Run): void {
  const { outcome, received } = run
  if (scenario.fails === true) expect(outcome.error).toBeDefined()
  if (scenario.fails === false) expect(outcome.error).toBeUndefined()
  if (scenario.status !== undefined) expect(outcome.error?.name).toBe(client.errorName(scenario.status))
  if (scenario.requests !== undefined) expect(received).toHaveLength(scenario.requests)
  assertShows(run, scenario.shows)
  for (const [name, value] of Object.entries(scenario.carries ?? {})) expect(received[0]?.headers[name]).toBe(value)
}

function assertSameForClient(scenario: Scenario, direct: Run, proxied: Run): void {
  if (scenario.cut === undefined) expect(proxied.outcome).toEqual(direct.outcome)
  else expect(proxied.outcome.events).toEqual(direct.outcome.events)
  assertShows(proxied, scenario.cut)

  expect(proxied.answers.map(toAnswerFacts)).toEqual(direct.answers.map(toAnswerFacts))
  for (const { headers } of proxied.answers) expect(headers['x-prompt-train-request-id']).toMatch(/^\S+$/)
}

function assertSameForUpstream(scenario: Scenario, direct: Run, proxied: Run): void {
  expect(proxied.received).toHaveLength(proxied.tries)
  expect(proxied.received.map(({ method, url }) => `${method} ${url}`)).toEqual(
    direct.received.map(({ method, url }) => `${method} ${url}`),
  )
  const dropped = new Set(scenario.dropped)
  proxied.received.forEach((request, i) => {
    const original = direct.received[i]!
    expect(request.body.equals(original.body)).toBe(true)
    expect(request.headers['x-api-key']).toBe(UPSTREAM_KEY)
    expect(request.headers.authorization).toBeUndefined()
    expect(`${request.url}\n${request.rawHeaders.join('\n')}`).not.toContain(proxied.clientKey)
    expect(toForwarded(request)).toEqual(toForwarded(original).filter(([name]) => !dropped.has(name)))
    for (const name of dropped) expect(original.headers).toHaveProperty(name)
  })
}

function assertShows({ outcome }: Run, texts: readonly string[] = []): void {
  for (const text of texts) expect(textsIn(outcome).join('\n')).toContain(text)
}

async function assertRefused(client: Client, host: Host): Promise<void> {
  const run = await playThrough(host, client, scenarios.create, client.plays.create as Play, 'cnp_live_FAKE')
  expect(run.outcome.error?.name).toBe(client.errorName(401))
  assertShows(run, [errorTable.authentication_failed.message])
  expect(run.received).toHaveLength(0)
  expect(run.tries).toBe(1)
  const requestId = run.answers[0]?.headers['x-prompt-train-request-id']
  expect(requestId).toMatch(/^\S+$/)
  expect(run.answers[0]?.headers).toMatchObject({ 'x-should-retry': 'false', 'request-id': requestId })
  // Those that show an id at all show this one.
  if (run.outcome.error?.requestID !== undefined) expect(run.outcome.error.requestID).toBe(requestId)
  expect(JSON.parse(run.answers[0]?.text ?? '')).toMatchObject({
    type: 'error',
    error: { type: 'authentication_error' },
    request_id: requestId,
  })
}

/** An answer less what belongs to one hop. */
function toAnswerFacts({ status, headers, text }: Run['answers'][number]): unknown {
  return {
    status,
    text,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => isEndToEnd(name))),
  }
}

function toForwarded({ headers }: ReceivedRequest): [string, unknown][] {
  return Object.entries(headers)
    .filter(([name, value]) => !HOP_HEADERS.has(name) && `${name}: ${value}` !== FETCH_ACCEPT)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Every text within a value, unescaped. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) => [name, ...textsIn(item)])
}
