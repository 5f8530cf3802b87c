import { listConversations } from '@agent-prompt-train/core'
import { afterEach, describe, expect, it } from 'vitest'
import { idOf, openScene, read, type Scene, toEvents } from './support/recording-scene.js'
import { assistant, type Message, task, toScore, user } from './support/transcripts.js'

const CLIENTS = 20
const TURNS = 6

let scene: Scene
afterEach(() => scene.close())

/** Answers the last words at once: with a call for a sub-agent where they ask for one, else with a stream. */
const open = async () => {
  scene = await openScene({
    answer: async (response, request) => {
      const { messages } = JSON.parse((await request.body).toString()) as { messages: Message[] }
      const words = JSON.stringify(messages.at(-1)!.content)
      if (!words.includes('delegate'))
        return response.writeHead(200, { 'content-type': 'text/event-stream' }).end(toEvents(...SAID))
      const content = [task('toolu_1', /for \w+/.exec(words)![0])]
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ type: 'message', id: 'msg_1', role: 'assistant', model: 'claude-a', content }))
    },
  })
  return scene
}
const SAID = ['so ', 'be it']

describe('20 clients at once, whose answers come at once', () => {
  it.each([
    ['each with words of its own', (n: number) => ({ name: `client${n}`, headers: {} })],
    [
      'all with the same words, each in a session',
      (n: number) => ({ name: 'everybody', headers: { 'x-claude-code-session-id': `session-${n}` } }),
    ],
  ])('%s', async (_name, toClient) => {
    const { post, recorded, exchanges } = await open()
    const truth = new Map<string, string | null>()

    async function ask(
      messages: readonly Message[],
      headers: Record<string, string>,
      follows: string | null,
    ): Promise<string> {
      const answer = await post(JSON.stringify({ model: 'claude-a', max_tokens: 9, messages }), headers)
      const requestId = idOf(answer)
      await read(answer)
      truth.set(requestId, follows)
      return requestId
    }

    async function run(n: number): Promise<void> {
      const { name, headers } = toClient(n)
      const messages: Message[] = []
      let last: string | null = null
      for (let turn = 0; turn < TURNS; turn++) {
        messages.push(user(`go on for ${name}`))
        last = await ask(messages, headers, last)
        messages.push(assistant(SAID.join('')))
      }
      // A branch, and the main one goes on at the same time; it delegates.
      const [, caller] = await Promise.all([
        ask([...messages, user(`otherwise for ${name}`)], headers, last),
        ask([...messages, user(`delegate for ${name}`)], headers, last),
      ])
      const agent = Object.keys(headers).length === 0 ? headers : { ...headers, 'x-claude-code-agent-id': 'agent-1' }
      const first = await ask([user(`for ${name}`)], agent, caller)
      await ask([user(`for ${name}`), assistant(SAID.join('')), user('more')], agent, first)
    }

    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => run(n)))
    for (const requestId of truth.keys()) await recorded(requestId)
    const linked = await listConversations(exchanges)
    const score = toScore(linked, truth)
    console.info(`${CLIENTS} clients at once: ${JSON.stringify({ ...score, ...linked.linking })}`)
    expect(score).toMatchObject({ missed: 0, wrong: 0 })
    expect(linked.conversations).toHaveLength(2 * CLIENTS)
    expect(linked.conversations.flatMap(({ branches }) => branches)).toHaveLength(3 * CLIENTS)
  })
})
