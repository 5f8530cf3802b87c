import { describe, expect, it } from 'vitest'
import { passedCredential, sideClientKey } from './pass-through.js'

const KEY = 'cnp_live_FAKE'

describe('sideClientKey', () => {
  it.each([
    ['its own header', ['X-Prompt-Train-Key', KEY], KEY],
    ['x-api-key', ['x-api-key', KEY], KEY],
    ['its own header before x-api-key', ['x-api-key', 'sk-ant-FAKE', 'x-prompt-train-key', KEY], KEY],
    ['neither', ['authorization', `Bearer ${KEY}`], null],
    ['its own header twice', ['x-prompt-train-key', KEY, 'x-prompt-train-key', KEY], null],
    ['x-api-key twice', ['x-api-key', KEY, 'X-API-KEY', KEY], null],
    [
      'its own header twice and x-api-key',
      ['x-prompt-train-key', 'a', 'x-prompt-train-key', 'b', 'x-api-key', KEY],
      null,
    ],
  ])('finds the client key in %s', (_name, rawHeaders, key) => {
    expect(sideClientKey(rawHeaders)).toBe(key)
  })
})

describe('passedCredential', () => {
  it.each([['Bearer sk-ant-oat01-FAKE'], ['bearer  odd  spacing FAKE'], ['Basic FAKE']])(
    'takes %j as it came',
    (value) => {
      const { authorization } = passedCredential(['x-api-key', KEY, 'Authorization', value])
      expect(authorization?.expose()).toBe(value)
      expect(JSON.stringify({ authorization })).not.toContain('FAKE')
    },
  )

  it('is null where the caller sent none', () => {
    expect(passedCredential(['x-api-key', KEY])).toEqual({ type: 'passed', authorization: null })
  })

  it.each([
    ['a client key', ['authorization', `Bearer ${KEY}`]],
    ['a client key without a scheme', ['authorization', KEY]],
    ['two of them', ['authorization', 'Bearer a', 'Authorization', 'Bearer b']],
  ])('refuses %s: it must not leave', (_name, rawHeaders) => {
    expect(() => passedCredential(rawHeaders)).toThrow(expect.objectContaining({ code: 'authentication_failed' }))
  })
})
