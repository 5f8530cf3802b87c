import { describe, expect, it } from 'vitest'
import type { Conversation } from './link-conversations.js'
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

  it('gives the one alone where nothing is known of it', () => {
    expect(relatedRequests(conversations, 'unknown')).toEqual(['unknown'])
  })
})
