import { type Credential, neverRefreshed, type PriceRow, Secret } from '@agent-prompt-train/core'
import { afterEach, expect, it } from 'vitest'
import { idOf, openScene, read, type Scene, type SceneOptions, toEvents } from './support/recording-scene.js'

let scene: Scene
afterEach(() => scene.close())

const REQUEST = JSON.stringify({ model: 'claude-b', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] })
/** One micro-dollar a token in, ten a token out. */
const prices: readonly PriceRow[] = [
  {
    pattern: '^claude-b$',
    input: 1,
    output: 10,
    cache_write_5m: 1,
    cache_write_1h: 1,
    cache_read: 1,
  },
]

async function costOf(answer: SceneOptions['answer'], options: Partial<SceneOptions> = {}) {
  scene = await openScene({ answer, record: { prices }, ...options })
  const response = await scene.post(REQUEST)
  await read(response)
  return (await scene.recorded(idOf(response))).record.cost
}

const stream =
  (text: string, cutBefore: string | null = null): SceneOptions['answer'] =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const events = toEvents(text)
    if (cutBefore === null) return response.end(events)
    response.write(events.slice(0, events.indexOf(`event: ${cutBefore}`)))
    setTimeout(() => response.destroy(), 20)
  }

it('of an answer that ended is what it reports', async () => {
  expect(await costOf(stream('x'.repeat(350)))).toMatchObject({ microUsd: 3 + 70, incomplete: false })
})

it('of an answer that broke off is estimated by its text, and says so', async () => {
  expect(await costOf(stream('x'.repeat(350), 'content_block_stop'))).toMatchObject({
    microUsd: 3 + 1000,
    incomplete: true,
  })
})

it('of an answer that broke off after its final counts is by these', async () => {
  const cost = await costOf(stream('x'.repeat(350), 'message_stop'))
  expect(cost).toMatchObject({ microUsd: 3 + 70, incomplete: true })
})

it.each([
  ['before any content', [], 0],
  ['in the middle', [{ type: 'text', text: 'I' }], 3 + 40],
])('of a refusal %s', async (_, content, microUsd) => {
  const message = { type: 'message', role: 'assistant', model: 'claude-b', content, stop_reason: 'refusal' }
  const body = JSON.stringify({ ...message, usage: { input_tokens: 3, output_tokens: 4 } })
  const cost = await costOf((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body))
  expect(cost).toMatchObject({ microUsd, incomplete: false })
})

it.each([
  ['an API key', { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') }, false],
  ['a subscription', { subscription: true }, true],
  ['an organisation’s token', { subscription: false }, false],
] satisfies [string, object, boolean][])('of traffic on %s is notional or not', async (_, given, notional) => {
  const oauth = {
    type: 'oauth',
    accessToken: new Secret('sk-ant-oat01-FAKE'),
    refreshToken: new Secret('sk-ant-ort01-FAKE'),
    expiresAt: Date.now() + 3_600_000,
    refresh: neverRefreshed,
  }
  const credential = { ...('type' in given ? {} : oauth), ...given } as Credential
  expect(await costOf(stream('x'), { credential })).toMatchObject({ microUsd: 73, notional })
})
