import { afterEach, beforeEach, expect, it } from 'vitest'
import { idOf, openScene, read, type Scene } from './support/recording-scene.js'

const TOOLS = [{ name: 'read', description: 'Reads a file. '.repeat(100), input_schema: { type: 'object' } }]

let scene: Scene
beforeEach(async () => {
  scene = await openScene({
    async answer(response, request) {
      await request.body
      const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'text', text: 'well' }] }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message))
    },
  })
})
afterEach(() => scene.close())

/** Asks, as the next turn of a conversation, and gives what is stored of it. */
async function ask(turn: number) {
  const messages = Array.from({ length: 2 * turn - 1 }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: i % 2 === 0 ? `question ${i}` : 'well' }],
  }))
  const request = {
    model: 'claude-a',
    max_tokens: 10,
    system: 'A long system prompt. '.repeat(100),
    tools: TOOLS,
    messages,
  }
  const answer = await scene.post(JSON.stringify(request))
  await read(answer)
  const { content } = await scene.recorded(idOf(answer))
  return { missing: content!.missingParts, request: JSON.parse(String(content!.request)), sent: request }
}

it('is whole again in the second exchange after a deletion, while the process goes on', async () => {
  expect((await ask(1)).missing).toBe(0)
  expect((await ask(2)).missing).toBe(0)
  await scene.exchanges.deleteDomain('a.example')
  expect((await ask(3)).missing).toBeGreaterThan(0)
  for (const turn of [4, 5]) {
    const { missing, request, sent } = await ask(turn)
    expect(missing).toBe(0)
    expect(request).toEqual(sent)
  }
})

it('is whole again when the request comes again that went on after what was deleted', async () => {
  await ask(1)
  await scene.exchanges.deleteDomain('a.example')
  expect((await ask(2)).missing).toBeGreaterThan(0)
  expect((await ask(2)).missing).toBe(0)
  expect((await ask(3)).missing).toBe(0)
})
