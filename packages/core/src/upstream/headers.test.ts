import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Secret } from '../secret.js'
import type { UsableCredential } from '../storage/credential.js'
import { createHeaderGate, headerPolicy, isEventStream } from './headers.js'

const API_KEY = 'sk-ant-api03-FAKE-upstream'
const TOKEN = 'sk-ant-oat01-FAKE-upstream'
const BETA = 'oauth-2025-04-20'
const apiKey: UsableCredential = { type: 'api_key', apiKey: new Secret(API_KEY) }
const oauth: UsableCredential = { type: 'oauth', accessToken: new Secret(TOKEN) }

const NEVER = [
  ...['authorization', 'x-api-key', 'proxy-authorization', 'proxy-authenticate', 'proxy-connection', 'cookie'],
  ...['set-cookie', 'host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['http2-settings', 'expect', 'accept-encoding'],
]
const gate = createHeaderGate()

type Line = readonly [name: string, value: string]

function toLines(flat: readonly string[]): Line[] {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : []))
}

/** What goes up of the client's headers: the lines that the gate itself adds are taken off, and must be there. */
function upward(headers: readonly string[], credential: UsableCredential = apiKey, through = gate): Line[] {
  const lines = toLines(through.toUpstream(headers, credential))
  const own: Line[] = credential.type === 'api_key' ? [['x-api-key', API_KEY]] : [['authorization', `Bearer ${TOKEN}`]]
  expect(lines.at(-1)).toEqual(own[0])
  expect(lines.filter(([name]) => name === 'accept-encoding')).toEqual([['accept-encoding', 'identity']])
  return lines.slice(0, -1).filter(([name]) => name !== 'accept-encoding')
}

const betasOf = (headers: readonly string[], credential: UsableCredential = oauth) =>
  upward(headers, credential).flatMap(([name, value]) => (name === 'anthropic-beta' ? [value] : []))

function downward(headers: readonly string[], through = gate): Record<string, unknown> {
  const { 'x-prompt-train-request-id': id, ...rest } = through.toClient(headers, 'id-1')
  expect(id).toBe('id-1')
  return rest
}

describe('toUpstream', () => {
  it.each([
    ...['accept', 'anthropic-version', 'anthropic-beta', 'anthropic-dangerous-direct-browser-access'],
    ...[
      'anthropic-anything-new',
      'content-encoding',
      'content-type',
      'traceparent',
      'tracestate',
      'user-agent',
      'x-app',
    ],
    ...['x-claude-code-session-id', 'x-claude-code-agent-id', 'x-stainless-lang', 'x-stainless-retry-count'],
  ])('carries %s, in lower case and with its value as it is', (name) => {
    expect(upward([name, ' Some, vaLue;q=1 '])).toEqual([[name, ' Some, vaLue;q=1 ']])
    expect(upward([name.toUpperCase(), 'x'])).toEqual([[name, 'x']])
  })

  it.each([
    ...NEVER,
    ...['origin', 'referer', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'content-length'],
    ...[
      'anthropic-organization-id',
      'anthropic-user-profile-id',
      'anthropic-workspace-id',
      'x-prompt-train-request-id',
    ],
    ...[
      'accept-language',
      'cache-control',
      'if-none-match',
      'range',
      'x-goog-api-key',
      'x-apiKey',
      'api-key',
      'cf-ray',
    ],
    ...['anthropic', 'x-stainless', 'x-claude-code', 'xanthropic-beta', 'x-app-secret', 'content-type2', 'acceptx', ''],
    ...['sec-fetch-site', 'x-http-method-override', 'baggage', '__proto__', 'constructor'],
  ])('leaves %j behind', (name) => {
    for (const spelled of [name, name.toUpperCase(), name.replace(/^./, (first) => first.toUpperCase())]) {
      expect(upward([spelled, 'FAKE'])).toEqual([])
      expect(upward([spelled, 'FAKE'], oauth)).toEqual([['anthropic-beta', BETA]])
    }
  })

  it('keeps order and repeated lines', () => {
    const headers = ['Accept', 'a', 'X-App', 'b', 'cookie', 'c', 'accept', 'd']
    expect(upward(headers)).toEqual([
      ['accept', 'a'],
      ['x-app', 'b'],
      ['accept', 'd'],
    ])
  })

  it('presents an API key in x-api-key alone, whatever the client presented', () => {
    const headers = gate.toUpstream(['x-api-key', 'cnp_live_FAKE', 'Authorization', 'Bearer cnp_live_FAKE'], apiKey)
    expect(toLines(headers)).toEqual([
      ['accept-encoding', 'identity'],
      ['x-api-key', API_KEY],
    ])
  })

  it('presents an OAuth token in authorization alone, whatever the client presented', () => {
    const headers = gate.toUpstream(['X-API-Key', 'cnp_live_FAKE', 'authorization', 'Bearer cnp_live_FAKE'], oauth)
    expect(toLines(headers)).toEqual([
      ['accept-encoding', 'identity'],
      ['anthropic-beta', BETA],
      ['authorization', `Bearer ${TOKEN}`],
    ])
  })

  it('leaves the headers it was given as they were', () => {
    const headers = Object.freeze(['anthropic-beta', 'a-1', 'connection', 'x-app', 'x-app', 'b'])
    expect(() => gate.toUpstream(headers, oauth)).not.toThrow()
  })

  describe('Connection', () => {
    it.each([
      [['Connection', 'x-app']],
      [['connection', 'X-APP']],
      [['CONNECTION', 'keep-alive, x-app']],
      [['connection', 'close,x-app,']],
      [['connection', ' \tx-app\t ']],
      [['connection', 'close', 'Connection', 'x-app']],
      [['connection', 'x-app', 'connection', 'close']],
    ])('takes off what %j names, before or after it', (connection) => {
      expect(upward(['X-App', 'a', ...connection, 'accept', 'b', 'x-app', 'c'])).toEqual([['accept', 'b']])
    })

    it('does not take off what it only resembles', () => {
      expect(upward(['connection', 'x-ap, x-app2, keep-alive', 'x-app', 'a'])).toEqual([['x-app', 'a']])
      expect(upward(['connectionx', 'x-app', 'x-app', 'a'])).toEqual([['x-app', 'a']])
    })

    it('cannot take off the credential, the OAuth beta or the content type', () => {
      const connection = ['connection', 'x-api-key, authorization, anthropic-beta, content-type, accept-encoding']
      expect(upward([...connection, 'content-type', 'application/json'])).toEqual([
        ['content-type', 'application/json'],
      ])
      expect(upward([...connection, 'anthropic-beta', 'a-1'], oauth)).toEqual([['anthropic-beta', BETA]])
    })
  })

  describe('anthropic-beta', () => {
    it('passes verbatim with an API key', () => {
      expect(betasOf(['anthropic-beta', ' a-1 ,b-2', 'anthropic-beta', 'a-1'], apiKey)).toEqual([' a-1 ,b-2', 'a-1'])
      expect(betasOf([], apiKey)).toEqual([])
    })

    it('is added with an OAuth token where there is none', () => {
      expect(betasOf(['accept', '*/*'])).toEqual([BETA])
    })

    it('gets the OAuth value appended to the last line', () => {
      expect(betasOf(['Anthropic-Beta', 'a-1,b-2'])).toEqual([`a-1,b-2,${BETA}`])
      expect(betasOf(['anthropic-beta', 'a-1', 'x-app', 'x', 'ANTHROPIC-BETA', 'b-2'])).toEqual(['a-1', `b-2,${BETA}`])
    })

    it.each([
      [[BETA]],
      [[`a-1,${BETA}`]],
      [[`${BETA},a-1`]],
      [[`a-1 , ${BETA}\t,b-2`]],
      [[`a-1`, BETA]],
      [[BETA, 'a-1']],
      [[`a-1,,${BETA}`, 'b-2']],
    ])('stays as it is where %j lists the OAuth value already', (values) => {
      expect(betasOf(values.flatMap((value) => ['anthropic-beta', value]))).toEqual(values)
    })

    it('is not taken to list what it only resembles', () => {
      expect(betasOf(['anthropic-beta', `${BETA}1`])).toEqual([`${BETA}1,${BETA}`])
      expect(betasOf(['anthropic-beta', `x${BETA}`])).toEqual([`x${BETA},${BETA}`])
      expect(betasOf(['x-app', BETA])).toEqual([BETA])
    })

    it.each(['', ' ', '\t'])('gets no empty first value from a blank line %j', (blank) => {
      const listed = betasOf(['anthropic-beta', blank]).flatMap((line) => (line.trim() === '' ? [] : line.split(',')))
      expect(listed.map((value) => value.trim())).toEqual([BETA])
    })

    it('lists the OAuth value once and loses none of the client’s, whatever the lines', () => {
      const value = fc.constantFrom('a-1', 'b-2', BETA, `${BETA}x`, ' c-3', 'd-4 ', '')
      const lines = fc.array(fc.array(value, { minLength: 1, maxLength: 3 }), { maxLength: 3 })
      fc.assert(
        fc.property(lines, (lines) => {
          const client = lines.map((values) => values.join(','))
          const sent = betasOf(client.flatMap((line) => ['anthropic-beta', line])).join(',')
          const names = (text: string) => text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
          const asked = names(client.join(','))
          expect(names(sent)).toEqual(asked.includes(BETA) ? asked : [...asked, BETA])
        }),
      )
    })
  })

  it('never lets a name pass that its policy does not hold, nor a second credential', () => {
    const known = [...NEVER, ...headerPolicy.request.deny, ...headerPolicy.response.allow, 'anthropic-beta', 'x-app']
    const name = fc
      .oneof(fc.constantFrom(...known), fc.string({ unit: 'binary-ascii', maxLength: 30 }))
      .chain((name) => fc.constantFrom(name, name.toUpperCase(), ` ${name}`, `${name} `, `anthropic-${name}`))
    const line = fc.tuple(name, fc.constantFrom('x', 'FAKE', 'close', 'x-app, anthropic-beta', BETA))
    const allowed = (name: string) =>
      headerPolicy.request.allow.some((entry) =>
        entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry,
      ) && !(headerPolicy.request.deny as readonly string[]).includes(name)
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, isOauth) => {
        const sent = upward(lines.flat(), isOauth ? oauth : apiKey)
        for (const [name] of sent) expect(allowed(name), name).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('toClient', () => {
  it.each([
    ...['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-unified-5h-status', 'content-encoding'],
    ...['content-length', 'content-type', 'request-id', 'retry-after', 'retry-after-ms', 'x-should-retry'],
    ...['anthropic-fast-input-tokens-limit', 'anthropic-anything-new'],
  ])('carries %s', (name) => {
    expect(downward([name, ' a B '])).toEqual({ [name]: ' a B ' })
    expect(downward([name.toUpperCase(), 'x'])).toEqual({ [name]: 'x' })
  })

  it.each([
    ...NEVER,
    ...[
      'anthropic-organization-id',
      'anthropic-workspace-id',
      'access-control-allow-origin',
      'alt-svc',
      'cf-ray',
      'date',
    ],
    ...[
      'strict-transport-security',
      'server',
      'via',
      'x-amzn-requestid',
      'location',
      'link',
      'www-authenticate',
      'nel',
    ],
    ...['x-prompt-train-request-id', 'cache-control', 'x-accel-buffering', 'set-cookie2', 'clear-site-data', 'refresh'],
  ])('leaves %s behind', (name) => {
    expect(downward([name, 'x'])).toEqual({})
    expect(downward([name.toUpperCase(), 'x'])).toEqual({})
  })

  it('reads names and values that come as bytes, one byte one character', () => {
    const headers = ['Request-Id', 'req_1', 'retry-after', '3', 'anthropic-note', 'caf\xe9'].map((text) =>
      Buffer.from(text, 'latin1'),
    )
    expect(gate.toClient(headers, 'id')).toEqual({
      'request-id': 'req_1',
      'retry-after': '3',
      'anthropic-note': 'caf\xe9',
      'x-prompt-train-request-id': 'id',
    })
  })

  it('keeps repeated lines, in order', () => {
    const headers = ['anthropic-note', 'a', 'request-id', 'r', 'Anthropic-Note', 'b', 'anthropic-note', 'a']
    expect(downward(headers)).toEqual({ 'anthropic-note': ['a', 'b', 'a'], 'request-id': 'r' })
  })

  it.each(['text/event-stream', 'text/event-stream; charset=utf-8', 'Text/Event-Stream'])(
    'keeps an answer of %s from being compressed or held back',
    (type) => {
      expect(downward(['cache-control', 'public', 'content-type', type])).toEqual({
        'content-type': type,
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
    },
  )

  it('adds nothing of the kind to other answers', () => {
    for (const type of ['application/json', 'text/html', 'text/plain; x=text/event-stream']) {
      expect(downward(['content-type', type])).toEqual({ 'content-type': type })
    }
  })

  it('never takes our own request id from the upstream', () => {
    expect(gate.toClient(['x-prompt-train-request-id', 'theirs'], 'ours')).toEqual({
      'x-prompt-train-request-id': 'ours',
    })
  })
})

describe('isEventStream', () => {
  it('goes by the media type', () => {
    expect(isEventStream({ 'content-type': 'text/event-stream' })).toBe(true)
    expect(isEventStream({ 'content-type': ' application/json' })).toBe(false)
    expect(isEventStream({})).toBe(false)
  })
})

describe('allowHeaders', () => {
  it('lets further names pass, each way on its own, in any case', () => {
    const gate = createHeaderGate({ request: ['X-Corp-Trace'], response: ['server-timing'] })
    expect(upward(['x-corp-trace', 'a', 'server-timing', 'b'], apiKey, gate)).toEqual([['x-corp-trace', 'a']])
    expect(downward(['x-corp-trace', 'a', 'SERVER-TIMING', 'b'], gate)).toEqual({ 'server-timing': 'b' })
  })

  it('lets all names with a prefix pass', () => {
    const gate = createHeaderGate({ request: ['x-corp-*'] })
    expect(upward(['x-corp-a', '1', 'X-CORP-', '2', 'x-corp', '3'], apiKey, gate)).toEqual([
      ['x-corp-a', '1'],
      ['x-corp-', '2'],
    ])
  })

  it('lets a denied name pass only when it is named in full', () => {
    const named = createHeaderGate({ request: ['Anthropic-Workspace-Id'], response: ['anthropic-organization-id'] })
    expect(upward(['anthropic-workspace-id', 'w', 'anthropic-organization-id', 'o'], apiKey, named)).toEqual([
      ['anthropic-workspace-id', 'w'],
    ])
    expect(downward(['anthropic-organization-id', 'o', 'anthropic-workspace-id', 'w'], named)).toEqual({
      'anthropic-organization-id': 'o',
    })
    const all = createHeaderGate({ request: ['anthropic-*', '*'], response: ['*'] })
    expect(upward(['anthropic-workspace-id', 'w'], apiKey, all)).toEqual([])
    expect(downward(['anthropic-workspace-id', 'w'], all)).toEqual({})
  })

  // The request is framed anew: a length that the client declared must not go up beside the one undici computes.
  it.each([...NEVER, 'x-prompt-train-request-id', 'content-length'])(
    'never lets %s up, even when it is named',
    (name) => {
      for (const extra of [name, name.toUpperCase(), `${name.slice(0, -1)}*`, '*']) {
        const gate = createHeaderGate({ request: [extra] })
        expect(upward([name, 'FAKE'], apiKey, gate), extra).toEqual([])
      }
    },
  )

  it.each([...NEVER, 'x-prompt-train-request-id'])('never lets %s down, even when it is named', (name) => {
    for (const extra of [name, name.toUpperCase(), `${name.slice(0, -1)}*`, '*']) {
      expect(downward([name, 'FAKE'], createHeaderGate({ response: [extra] })), extra).toEqual({})
    }
  })
})

describe('the names that are remembered', () => {
  it('give each spelling its own verdict, seen first or again', () => {
    const gate = createHeaderGate()
    for (let round = 0; round < 2; round++) {
      for (const name of ['x-api-key', 'X-API-KEY', 'X-Api-Key', 'Cookie', 'cOOKIE']) {
        expect(upward([name, 'FAKE'], apiKey, gate)).toEqual([])
      }
      for (const name of ['x-app', 'X-APP', 'X-App'])
        expect(upward([name, 'a'], apiKey, gate)).toEqual([['x-app', 'a']])
    }
  })

  it('change no verdict when more names come than are kept', () => {
    const gate = createHeaderGate()
    for (let i = 0; i < 3000; i++) {
      expect(upward([`anthropic-x-${i}`, 'a', `junk-${i}`, 'b'], apiKey, gate)).toEqual([[`anthropic-x-${i}`, 'a']])
    }
    expect(upward(['cookie', 'c', 'x-app', 'a', 'X-API-Key', 'FAKE'], apiKey, gate)).toEqual([['x-app', 'a']])
  })

  it('are not shared by the two ways, nor by two gates', () => {
    const open = createHeaderGate({ request: ['x-corp'] })
    const shut = createHeaderGate()
    expect(upward(['x-corp', 'a', 'request-id', 'r'], apiKey, open)).toEqual([['x-corp', 'a']])
    expect(downward(['x-corp', 'a', 'request-id', 'r'], open)).toEqual({ 'request-id': 'r' })
    expect(upward(['x-corp', 'a'], apiKey, shut)).toEqual([])
  })

  it('are no more than some hundreds, whatever names clients make up', () => {
    const gate = createHeaderGate()
    const remember = vi.spyOn(Map.prototype, 'set')
    onTestFinished(() => remember.mockRestore())
    gate.toUpstream(Array.from({ length: 20_000 }, (_, i) => [`junk-${i}`, '']).flat(), apiKey)
    expect(remember.mock.calls.length).toBeLessThan(1000)
    expect(remember).toHaveBeenCalledWith('junk-0', null)
  })
})
