import { afterEach, describe, expect, it, vi } from 'vitest'
import { maskText } from './mask-text.js'

afterEach(() => void vi.restoreAllMocks())

const LENGTH = 16_384

/** Characters read one by one and expressions asked while a text is masked, for each of its characters. */
function countWork(text: string): number {
  const reads = vi.spyOn(String.prototype, 'charCodeAt')
  const tests = vi.spyOn(RegExp.prototype, 'test')
  const executions = vi.spyOn(RegExp.prototype, 'exec')
  maskText(text)
  const calls = reads.mock.calls.length + tests.mock.calls.length + executions.mock.calls.length
  vi.restoreAllMocks()
  return calls / text.length
}

describe('maskText', () => {
  it.each([
    'authorization:xxxxxxxx',
    'authorization=digest a=xxxxxxxx, ',
    '+bearer+xxxxxxxx',
    'cookie=_=; ',
    'password=xxxxxxxx',
    'password:\\"',
    'token: ',
    'key=',
    '-paaa ',
    'default=',
    '%3D',
    'password%3D',
    'x-api-key: a b ',
    'client_secret: a_a\n\n\n\t\t\t\t\t\t\t\t',
    'Bearer auth-auth-auth ',
    '%20password%3A-us1',
    'authorization%3Aa-a%20',
    `key='`,
    `key=\n'`,
    ' pwd:AA',
    '-us1://',
    '://-p',
  ])('reads nothing again and again of %s without end', (unit) => {
    expect(countWork(unit.repeat(LENGTH / unit.length))).toBeLessThan(20)
  })

  it('knows a secret behind a long value that is none and holds its name', () => {
    const filler = 'xxxxxxxx'.repeat(12)
    expect(maskText(`authorization:${filler}+bearer+FAKE0123abc`)).not.toContain('FAKE')
    expect(maskText(`cookie: a=${filler}; cookie=b=; c=FAKE0123abc`)).not.toContain('FAKE')
    expect(maskText(`authorization: Bearer ${filler} authorization: Bearer FAKE0123abc`)).not.toContain('FAKE')
  })

  it('takes no filler of any length for what stands for a key', () => {
    expect(maskText('sk-ant-XXXXXXXX')).toBe('sk-ant-XXXXXXXX')
    expect(maskText('sk-ant-XXXXXXXX'.repeat(100))).toBe('sk-ant-****')
  })
})
