import { describe, expect, it } from 'vitest'
import { newRecord } from '../../test/support/new-record.js'
import { type Conversation, linkConversations } from './link-conversations.js'
import { relatedRequests } from './related-requests.js'

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

describe('relatedRequests', () => {
  it.each(whole)('gives the branches and the sub-tasks, up and down, for %s', (id) => {
    expect(relatedRequests(conversations, id)).toEqual(whole)
  })

  it('leaves other conversations alone', () => {
    expect(relatedRequests(conversations, 'other-2')).toEqual(['other-1', 'other-2'])
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
    expect(relatedRequests(linked, 'two')).toEqual(['one', 'two'])
  })

  it('goes down as deep as sub-tasks go', () => {
    const nested = Array.from({ length: 20_000 }, (_, i) =>
      conversation([`r${i}`], { subTaskOf: i === 0 ? null : `r${i - 1}` }),
    )
    expect(relatedRequests(nested, 'r19999')).toHaveLength(20_000)
  })

  it('gives the one alone where nothing is known of it', () => {
    expect(relatedRequests(conversations, 'unknown')).toEqual(['unknown'])
  })
})
