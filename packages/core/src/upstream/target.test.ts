import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, ProxyError, type ProxyErrorCode } from '../errors.js'
import { createTargets, defaultRoutes, type Route } from './target.js'

const targets = createTargets(defaultRoutes)

function judge(method: string, target: string, judged = targets): ProxyErrorCode | 'allowed' {
  try {
    judged.assertForwardable(method, target)
    return 'allowed'
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    return error.code
  }
}

const refusalOf = (...routes: string[]): unknown => {
  try {
    createTargets(routes as Route[])
    return 'accepted'
  } catch (error) {
    return error
  }
}

describe('the default routes', () => {
  it.each([
    ['POST', '/v1/messages'],
    ['POST', '/v1/messages?beta=true'],
    ['POST', '/v1/messages?'],
    ['POST', "/v1/messages?a=%zz&b=%00&c=../..//&d='"],
    ['POST', '/v1/messages/count_tokens'],
    ['POST', '/v1/messages/count_tokens?beta=true'],
    ['GET', '/v1/models'],
    ['GET', '/v1/models?limit=1000&after_id=a'],
    ['GET', '/v1/models/claude-opus-5-5'],
    ['GET', '/v1/models/claude-3-5-sonnet@20241022'],
    ['GET', '/v1/models/a.b_c~d:e?x=/v1/../..'],
    ['GET', '/v1/models/...'],
    ['GET', '/api/hello'],
    ['HEAD', '/api/hello'],
  ])('let %s %s pass', (method, target) => {
    expect(judge(method, target)).toBe('allowed')
  })

  it.each([
    ['GET', '/'],
    ['POST', '/'],
    ['GET', '/v1/messages'],
    ['HEAD', '/v1/messages'],
    ['OPTIONS', '/v1/messages'],
    ['PUT', '/v1/messages'],
    ['post', '/v1/messages'],
    ['Post', '/v1/messages'],
    ['', '/v1/messages'],
    ['POST ', '/v1/messages'],
    ['HEAD', '/v1/models'],
    ['DELETE', '/v1/models/claude'],
    ['POST', '/v1/messages/batches'],
    ['GET', '/v1/messages/batches'],
    ['GET', '/v1/files'],
    ['POST', '/v1/complete'],
    ['POST', '/v1/oauth/token'],
    ['GET', '/v1/organizations/me'],
    ['GET', '/v1/vaults'],
    // Spelled otherwise, another reader could still take it for a route.
    ['POST', '/V1/messages'],
    ['POST', '/v1/Messages'],
    ['POST', '/v1/messages/'],
    ['POST', '/v1/messages/?beta=true'],
    ['POST', '//v1/messages'],
    ['POST', '/v1//messages'],
    ['POST', '///v1/messages'],
    ['POST', '/v1/./messages'],
    ['POST', '/./v1/messages'],
    ['POST', '/v1/../v1/messages'],
    ['POST', '/v1/messages/.'],
    ['POST', '/v1/messages/..'],
    ['POST', '/v1/messages/../organizations'],
    ['POST', '/v1/messages/..;/organizations'],
    ['POST', '/v1/%6dessages'],
    ['POST', '/v1/messages%2f'],
    ['POST', '/v1%2fmessages'],
    ['POST', '/v1/messages%2f..%2forganizations'],
    ['POST', '/v1/%2e%2e/v1/messages'],
    ['POST', '/v1/messages%00'],
    ['POST', '/v1/messages%0d%0a'],
    ['POST', '/v1/messages%3fbeta=true'],
    ['POST', '/v1/messages%20'],
    ['POST', '/v1/messages%252f'],
    ['POST', '/v1/messages%5c'],
    ['POST', '/v1/messages;jsessionid=1'],
    ['POST', '/v1;/messages'],
    ['POST', '/v1/messages@evil.example'],
    ['POST', '/@evil.example/v1/messages'],
    ['POST', '/v1/messages:8080'],
    ['POST', '/v1/messages&beta=true'],
    ['POST', '/v1/messages/count_tokens/'],
    ['POST', '/v1/messages/count%5ftokens'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/.'],
    ['GET', '/v1/models/..'],
    ['GET', '/v1/models/..?x=1'],
    ['GET', '/v1/models/a/b'],
    ['GET', '/v1/models/a/'],
    ['GET', '/v1/models//a'],
    ['GET', '/v1/models/%2e%2e'],
    ['GET', '/v1/models/%2E%2E%2Forganizations'],
    ['GET', '/v1/models/a%2fb'],
    ['GET', '/v1/models/a%00'],
    ['GET', '/v1/models/a;b'],
    ['GET', '/v1/models/..;'],
    ['GET', '/v1/models/a,b'],
    ['GET', '/v1/models/a+b'],
    ['GET', '/v1/models/a=b'],
    ['GET', "/v1/models/a'b"],
    ['GET', '/api/hello/..'],
    ['GET', '/v1/modelsx'],
    ['GET', '/v1/model'],
  ])('do not have %s %s', (method, target) => {
    expect(judge(method, target)).toBe('target_not_allowed')
  })

  it.each([
    '',
    '*',
    'v1/messages',
    '?beta=true',
    'http://api.anthropic.com/v1/messages',
    'http://evil.example/v1/messages',
    'HTTP://evil.example',
    'evil.example:443',
    '\\v1\\messages',
    '/\\evil.example/v1/messages',
    '/v1\\messages',
    '/v1/messages\\..\\organizations',
    '/v1/messages#',
    '/v1/messages#fragment',
    '/v1/messages?a#b',
    '/v1/messages ',
    ' /v1/messages',
    '/v1/messages HTTP/1.1',
    '/v1/messages\t',
    '/v1/messages\n',
    '/v1/messages\r\nx-api-key: FAKE',
    '/v1/messages?a=\r\n',
    '/v1/messages\0',
    '/v1/messages?a\0',
    '/v1/messages?a=é',
    '/v1/messages?a=\x80\xff',
    '/v1/messages?a=\x1b[2J',
    '/v1/messages?a=😀',
    '/v1/messages?a="b"',
    '/v1/messages?a=<b>',
    '/v1/messages?a={b}',
    '/v1/messages?a=b|c',
    '/v1/messages?a=b^c',
    '/v1/messages?a=`b`',
    '/v1/messages?a\\b',
    '/ｖ１/messages',
  ])('call %j malformed, whatever the method', (target) => {
    for (const method of ['POST', 'GET', 'HEAD', 'OPTIONS']) expect(judge(method, target)).toBe('target_malformed')
  })

  it('let through exactly the targets that are a route, of any made from its parts', () => {
    const part = fc.constantFrom(
      ...[
        'v1',
        'messages',
        'models',
        'count_tokens',
        'claude-opus-5-5',
        '/',
        '/',
        '/',
        '..',
        '.',
        '%2e',
        '%2f',
        '%00',
        '\\',
      ],
      ...[';', '@', ':', '?', '?beta=true', '#', ' ', '*', 'http://', '%25', '\n', 'api', 'hello', '~', ''],
    )
    const route = /^(?:POST \/v1\/messages(?:\/count_tokens)?|GET \/v1\/models|(?:GET|HEAD) \/api\/hello)$/
    const model = /^GET \/v1\/models\/([A-Za-z0-9_.~:@-]+)$/
    const whole = fc.constantFrom(
      '/v1/messages',
      '/v1/messages/count_tokens',
      '/v1/models',
      '/v1/models/',
      '/api/hello',
    )
    const target = fc
      .tuple(fc.oneof(whole, part), fc.array(part, { maxLength: 5 }))
      .map(([first, rest]) => first + rest.join(''))
    fc.assert(
      fc.property(fc.constantFrom('POST', 'GET', 'HEAD'), target, (method, target) => {
        const [path = '', ...query] = target.split('?')
        const line = `${method} ${path}`
        const segment = model.exec(line)?.[1]
        const isRoute = route.test(line) || (segment !== undefined && segment !== '.' && segment !== '..')
        const plainQuery = /^[\w\-.~!$&'()*+,;=:@/?%[\]]*$/.test(query.join('?'))
        expect(judge(method, target) === 'allowed', line).toBe(isRoute && plainQuery)
      }),
      { numRuns: 3000 },
    )
  })

  it('let nothing through that a URL parser would send elsewhere', () => {
    const alphabet = fc.constantFrom(...'/.%2efF5cC\\;@:?#v1messagodl0 \t\n*'.split(''), '/v1/models/', '/v1/messages')
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), (characters) => {
        const target = characters.join('')
        for (const method of ['POST', 'GET']) {
          if (judge(method, target) !== 'allowed') continue
          const url = new URL(target, 'https://api.anthropic.com')
          expect(url.origin).toBe('https://api.anthropic.com')
          expect(url.pathname).toBe(target.split('?', 1)[0])
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('judge a very long target at once', () => {
    const startedAt = performance.now()
    for (const long of [
      '/'.repeat(100_000),
      `/v1/models/${'.'.repeat(100_000)}%`,
      `/v1/models/${'a:'.repeat(50_000)}/`,
    ]) {
      expect(judge('GET', long)).toBe('target_not_allowed')
    }
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})

describe('createTargets', () => {
  it('allows nothing without routes', () => {
    expect(judge('GET', '/', createTargets([]))).toBe('target_not_allowed')
  })

  it('lets a segment in the middle be any one', () => {
    const targets = createTargets(['POST /v1/:kind/:id/cancel', 'GET /v1.0/a.b'])
    expect(judge('POST', '/v1/batches/b_1/cancel', targets)).toBe('allowed')
    expect(judge('POST', '/v1/batches/b_1/cancel?a=b', targets)).toBe('allowed')
    for (const path of [
      '/v1/batches/cancel',
      '/v1/a/b/c/cancel',
      '/v1/../b/cancel',
      '/v1/a/../cancel',
      '/v1/a//cancel',
    ]) {
      expect(judge('POST', path, targets), path).toBe('target_not_allowed')
    }
  })

  it('takes a dot for a dot', () => {
    const targets = createTargets(['GET /v1.0/:id/a.b'])
    expect(judge('GET', '/v1.0/x/a.b', targets)).toBe('allowed')
    expect(judge('GET', '/v1x0/x/a.b', targets)).toBe('target_not_allowed')
    expect(judge('GET', '/v1.0/x/aXb', targets)).toBe('target_not_allowed')
  })

  it('keeps a method to its own routes', () => {
    const targets = createTargets(['GET /a/:id', 'POST /b/:id'])
    expect(judge('POST', '/a/1', targets)).toBe('target_not_allowed')
    expect(judge('XGET', '/a/1', targets)).toBe('target_not_allowed')
    expect(judge('GET', '/b/1', targets)).toBe('target_not_allowed')
  })

  it.each([
    '',
    '/v1/messages',
    'POST',
    'POST v1/messages',
    'POST  /v1/messages',
    'POST /v1/messages ',
    'post /v1/messages',
    'POST /v1/*',
    'POST /v1/messages?beta=true',
    'POST /v1/%6dessages',
    'POST /v1/(messages)',
    'POST https://api.anthropic.com/v1/messages',
    'POST /v1/messages\nGET /v1/files',
    'POST /v1\\messages',
    '* /v1/messages',
  ])('refuses the route %j by name', (route) => {
    const refusal = refusalOf('POST /v1/messages', route)
    expect(refusal).toBeInstanceOf(ConfigurationError)
    expect(refusal).toMatchObject({ option: 'routes' })
    expect((refusal as Error).message).toContain(JSON.stringify(route).slice(1, -1).split('\\')[0])
  })

  it.each([
    'GET /v1/organizations',
    'GET /v1/organizations/me',
    'POST /v1/organizations/api_keys/:id',
    'POST /v1/oauth/token',
    'GET /v1/vaults',
    'GET /v1/vaults/:id',
    'DELETE /v1/vaults/:id',
  ])('refuses %s: it acts on the account', (route) => {
    expect(refusalOf(route)).toBeInstanceOf(ConfigurationError)
  })

  // @see threats T10: refused even when everything under /v1 is opened.
  it.each([
    ['GET /v1/:resource', 'GET', '/v1/vaults'],
    ['GET /v1/:resource', 'GET', '/v1/organizations'],
    ['GET /v1/:resource/:id', 'GET', '/v1/vaults/vlt_1'],
    ['POST /v1/:resource/:id', 'POST', '/v1/oauth/token'],
    ['POST /:version/:resource/:id', 'POST', '/v1/oauth/token'],
  ])('does not open the account by the pattern %s', (route, method, target) => {
    const refusal = refusalOf(route)
    if (refusal instanceof ConfigurationError) return
    expect(judge(method, target, createTargets([route as Route]))).toBe('target_not_allowed')
  })

  it.each(['GET /v1/../v1/vaults', 'GET //v1/vaults', 'GET /v1/./vaults', 'GET /v1//vaults'])(
    'refuses the route %s, which leads to the account once it is put straight',
    (route) => {
      expect(refusalOf(route)).toBeInstanceOf(ConfigurationError)
    },
  )

  it('allows a path whose first letters are those of an account path', () => {
    expect(refusalOf('GET /v1/vaultsx', 'GET /v1/organizations2')).toBe('accepted')
  })
})
