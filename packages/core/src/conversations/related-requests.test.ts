import { describe, expect, it } from 'vitest'
import { newRecord } from '../../test/support/new-record.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { memoryStorage } from '../storage/memory.js'
import { type Conversation, linkConversations } from './link-conversations.js'
import { relatedConversations, relatedRequests } from './related-requests.js'

function conversation(requests: string[], facts: Partial<Conversation> = {}): Conversation {
  return {
    id: requests[0]!,
    domain: 'a.example',
    sessionId: null,
    startedAt: 0,
    endedAt: 0,
    subTaskOf: null,
    subTask: null,
    branches: [{ id: requests[0]!, from: null, requests }],
    ...facts,
  }
}

const conversations = [
  conversation(['main-1', 'main-2'], {
    branches: [
      { id: 'main-1', from: null, requests: ['main-1', 'main-2'] },
      { id: 'branch-1', from: 'main-1', requests: ['branch-1'] },
    ],
  }),
  conversation(['task-1', 'task-2'], { subTaskOf: 'main-2', subTask: 1 }),
  conversation(['inner-1'], { subTaskOf: 'task-2', subTask: 1 }),
  conversation(['other-1', 'other-2']),
]
const whole = ['main-1', 'main-2', 'branch-1', 'task-1', 'task-2', 'inner-1']

const idsOf = (all: readonly Conversation[], id: string) =>
  relatedConversations(all, id).flatMap(({ branches }) => branches.flatMap(({ requests }) => requests))

describe('relatedConversations', () => {
  it.each(whole)('gives the branches and the sub-tasks, up and down, for %s', (id) => {
    expect(idsOf(conversations, id)).toEqual(whole)
  })

  it('leaves other conversations alone', () => {
    expect(idsOf(conversations, 'other-2')).toEqual(['other-1', 'other-2'])
  })

  it('comes to an end where two sub-tasks seem to call for each other, as their prompts may have it', () => {
    const bare = {
      history: [],
      answers: [],
      answerId: null,
      previousAnswerId: null,
      user: null,
      summary: [],
      carried: [],
    }
    const mutual = ['one', 'two'].map((requestId, index) =>
      newRecord(requestId, {
        ...{ startedAt: 1000, durationMs: 50, firstByteMs: 5, sessionId: null, agentId: null },
        links: { ...bare, opening: `prompt ${index}`, tasks: [`prompt ${1 - index}`] },
      }),
    )
    const linked = linkConversations(mutual).conversations
    expect(linked.map(({ subTaskOf }) => subTaskOf)).toEqual(['two', 'one'])
    expect(idsOf(linked, 'two')).toEqual(['one', 'two'])
  })

  it('goes down as deep as sub-tasks go', () => {
    const nested = Array.from({ length: 20_000 }, (_, i) =>
      conversation([`r${i}`], { subTaskOf: i === 0 ? null : `r${i - 1}` }),
    )
    expect(idsOf(nested, 'r19999')).toHaveLength(20_000)
  })

  it('gives nothing where nothing is known of it', () => {
    expect(idsOf(conversations, 'unknown')).toEqual([])
  })
})

describe('relatedRequests', () => {
  const DAY_MS = 86_400_000
  const NOW = 400 * DAY_MS

  /** A turn of a session on each of the days. */
  async function storeOf(days: readonly number[], facts: Partial<ExchangeRecord> = {}) {
    const { exchanges } = memoryStorage()
    const turn = { domain: 'a.example', sessionId: 'session', links: null, firstByteMs: 5, durationMs: 50, ...facts }
    await exchanges.append(days.map((day) => newRecord(`day-${day}`, { ...turn, startedAt: day * DAY_MS })))
    return exchanges
  }

  it('looks on in both directions until a week holds nothing of it', async () => {
    const days = [100, 106, 112, 118, 124]
    const store = await storeOf([...days, 132, 80])
    for (const day of days) {
      const related = await relatedRequests(store, `day-${day}`)
      expect([...related!].sort()).toEqual(days.map((each) => `day-${each}`))
    }
  })

  it('looks as far back as it is told', async () => {
    const store = await storeOf([100, 120, 140])
    const related = await relatedRequests(store, 'day-140', { from: 99 * DAY_MS })
    expect([...related!].sort()).toEqual(['day-100', 'day-120', 'day-140'])
    expect(await relatedRequests(store, 'day-140', { from: NOW })).toEqual(['day-140'])
  })

  it('reads what is near by and no more, each once', async () => {
    const store = await storeOf([10, 100, 106, 300])
    const read: string[] = []
    const list: typeof store.list = async (filter, page) => {
      const given = await store.list(filter, page)
      read.push(...given.exchanges.map(({ requestId }) => requestId))
      return given
    }
    await relatedRequests({ find: (id) => store.find(id), list }, 'day-100')
    expect(read.sort()).toEqual(['day-100', 'day-106'])
  })

  it('gives one that is no turn alone, and null for one that is not there', async () => {
    const store = await storeOf([100], { domain: null })
    expect(await relatedRequests(store, 'day-100')).toEqual(['day-100'])
    expect(await relatedRequests(await storeOf([100], { path: '/v1/models' }), 'day-100')).toEqual(['day-100'])
    expect(await relatedRequests(store, 'day-1')).toBeNull()
  })
})
