import { describe, expect, it } from 'vitest'
import { maskHeaders } from './mask-headers.js'
import { maskJson } from './mask-json.js'

describe('maskHeaders', () => {
  it('masks what carries a credential wholly, and the rest as text', () => {
    const headers = {
      authorization: 'Bearer FAKE',
      'proxy-authorization': 'Basic RkFLRTpGQUtF',
      'x-api-key': 'FAKE',
      cookie: 'a=FAKE',
      'set-cookie': ['a=FAKE; Path=/', 'b=FAKE'],
      'x-prompt-train-key': 'FAKE',
      'x-amz-security-token': 'FAKE',
      'x-custom-auth': 'FAKE',
      'anthropic-beta': 'oauth-2025-04-20',
      'anthropic-ratelimit-tokens-remaining': '100',
      referer: 'https://u:FAKEpw@h/',
      host: 'example.com',
      absent: undefined,
    }
    const masked = maskHeaders(headers)
    expect(JSON.stringify(masked)).not.toContain('FAKE')
    expect(masked).toMatchObject({
      authorization: 'Bearer ****',
      'x-api-key': '****',
      'set-cookie': ['****', '****'],
      'anthropic-beta': 'oauth-2025-04-20',
      'anthropic-ratelimit-tokens-remaining': '100',
      host: 'example.com',
    })
    expect(headers.authorization).toBe('Bearer FAKE')
  })

  it('takes raw headers', () => {
    expect(maskHeaders(['Host', 'h', 'X-Api-Key', 'FAKE', 'x-api-key', 'FAKE2'])).toEqual([
      'Host',
      'h',
      'X-Api-Key',
      '****',
      'x-api-key',
      '****',
    ])
  })
})

describe('maskJson', () => {
  it('masks texts by what they are and by the name of their member, and leaves the rest', () => {
    const value = {
      password: 'FAKE',
      api_key: ['FAKE', 'FAKE2'],
      nested: { access_token: 'FAKE', code_verifier: 'FAKE', text: 'Bearer FAKE-12', max_tokens: 5, n: null },
      content: [
        { type: 'thinking', signature: 'sk-ant-FAKE-stays' },
        { type: 'base64', data: 'sk-ant-FAKE-stays' },
      ],
    }
    const masked = maskJson(value)
    expect(masked).toEqual({
      password: '****',
      api_key: ['****', '****'],
      nested: { access_token: '****', code_verifier: '****', text: 'Bearer ****', max_tokens: 5, n: null },
      content: value.content,
    })
    expect(Object.keys(masked as object)).toEqual(Object.keys(value))
    expect(value.password).toBe('FAKE')
  })

  it('masks 100,000 levels, circles and a member called __proto__', () => {
    let deep: unknown = 'sk-ant-FAKE1'
    for (let i = 0; i < 100_000; i++) deep = [deep]
    let inner = maskJson(deep)
    while (Array.isArray(inner)) inner = inner[0]
    expect(inner).toBe('sk-ant-****')
    const circle: Record<string, unknown> = { secret: 'FAKE' }
    circle.self = circle
    expect((maskJson(circle) as typeof circle).secret).toBe('****')
    const named = maskJson(JSON.parse('{"__proto__":{"password":"FAKE"}}')) as object
    expect(JSON.stringify(named)).toBe('{"__proto__":{"password":"****"}}')
  })
})
