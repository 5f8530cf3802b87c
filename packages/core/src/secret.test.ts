import { format, inspect } from 'node:util'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { Secret } from './secret.js'

const VALUE = 'sk-ant-api03-FAKE-0123456789'
const secret = new Secret(VALUE)

describe('Secret', () => {
  it('gives its value to who asks for it by name', () => {
    expect(secret.expose()).toBe(VALUE)
    expect(new Secret('').expose()).toBe('')
  })

  it.each<[string, () => unknown]>([
    ['String', () => String(secret)],
    ['a template', () => `${secret}`],
    ['concatenation', () => `key=`.concat(secret as unknown as string)],
    ['toString', () => secret.toString()],
    ['toLocaleString', () => secret.toLocaleString()],
    ['join', () => [secret].join()],
    ['JSON', () => JSON.stringify(secret)],
    ['JSON of what holds it', () => JSON.stringify({ credential: { apiKey: secret } })],
    ['inspect', () => inspect(secret)],
    [
      'inspect of what holds it',
      () => inspect({ credential: [secret] }, { depth: 9, showHidden: true, getters: true }),
    ],
    ['inspect of a Map', () => inspect(new Map([['key', secret]]))],
    ['format', () => format('%s %j %o %O', secret, secret, secret, secret)],
    ['an error', () => inspect(new Error('failed', { cause: secret }))],
    ['a log line', () => toLogLine({ secret, nested: { secret } })],
    ['a header', () => new Headers([['x', `${secret}`]]).get('x')],
  ])('prints as **** by %s', (_name, print) => {
    expect(print()).toContain('****')
    expect(print()).not.toContain('FAKE')
  })

  it('has no property that holds the value', () => {
    expect(Reflect.ownKeys(secret)).toEqual([])
    expect({ ...secret }).toEqual({})
    expect(inspect(Object.assign({}, secret), { customInspect: false })).not.toContain('FAKE')
    expect(inspect(secret, { customInspect: false, showHidden: true })).not.toContain('FAKE')
    expect(JSON.stringify(structuredClone(secret))).not.toContain('FAKE')
  })

  it('does not show in the message of a failed comparison', () => {
    expect(inspect({ expected: secret, received: new Secret('other FAKE') })).not.toContain('FAKE')
  })
})

function toLogLine(facts: object): string {
  let line = ''
  const destination = {
    write(text: string) {
      line += text
    },
  }
  pino({}, destination).info(facts, 'said')
  return line
}
