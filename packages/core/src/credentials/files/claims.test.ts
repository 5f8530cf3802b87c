import { expect, it } from 'vitest'
import { createClientKey } from '../../client-key.js'
import { acceptContents, type Claimant } from './claims.js'
import type { FileContent } from './file-content.js'

const [k1, k2] = [1, 2].map(() => createClientKey({ domain: 'example.com' }).record)

function content(...clientKeys: FileContent['clientKeys']): FileContent {
  return { credential: null, clientKeys, needsDefault: false }
}

function file(domain: string, read: FileContent | null, accepted: FileContent | null = null): Claimant {
  return { domain, read, accepted }
}

it('takes up what nobody else claims', () => {
  const files = new Map([
    ['a', file('a.example.com', content(k1!))],
    ['b', file('b.example.com', content(k2!))],
  ])
  expect(acceptContents(files).size).toBe(0)
  for (const { read, accepted } of files.values()) expect(accepted).toBe(read)
})

it('leaves a key with the file that had it first', () => {
  const had = content(k1!)
  const files = new Map([
    ['a', file('a.example.com', content(k1!))],
    ['b', file('b.example.com', had, had)],
  ])
  expect([...acceptContents(files).keys()]).toEqual(['a'])
  expect(files.get('a')?.accepted).toBeNull()
})

it('lets a key move to a file that is looked at before the one that gives it up', () => {
  const files = new Map([
    ['a', file('a.example.com', content(k1!))],
    ['b', file('b.example.com', content(), content(k1!))],
  ])
  expect(acceptContents(files).size).toBe(0)
  expect(files.get('a')?.accepted?.clientKeys).toEqual([k1])
})

it('does not let a refused file keep others from changing', () => {
  const had = content(k1!)
  const changed = content({ ...k1!, label: 'changed' })
  const files = new Map([
    ['a', file('a.example.com', content(k1!))],
    ['b', file('b.example.com', changed, had)],
  ])
  expect([...acceptContents(files).keys()]).toEqual(['a'])
  expect(files.get('b')?.accepted).toBe(changed)
})

it('gives a domain to one of its two files', () => {
  const files = new Map([
    ['example.com.credentials.json', file('example.com', content())],
    ['example.com.json', file('example.com', content())],
  ])
  expect([...acceptContents(files)]).toEqual([
    ['example.com.json', 'stands for the same domain as example.com.credentials.json: remove one of the two'],
  ])
})
