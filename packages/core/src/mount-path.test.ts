import { describe, expect, it } from 'vitest'
import { cutMountPath } from './mount-path.js'

describe('cutMountPath', () => {
  it.each([
    ['/v1/messages', '', '/v1/messages'],
    ['/claude/v1/messages', '/claude', '/v1/messages'],
    ['/claude/v1/messages?a=/claude', '/claude', '/v1/messages?a=/claude'],
    ['/a/b/v1', '/a/b', '/v1'],
    ['/claude', '/claude', '/'],
    ['/claude/', '/claude', '/'],
    ['/claude?a=b', '/claude', '/?a=b'],
    ['/claude/claude/v1', '/claude', '/claude/v1'],
    ['/claude//v1', '/claude', '//v1'],
    ['/claude/../v1', '/claude', '/../v1'],
    ['', '', '/'],
  ])('%j mounted at %j is %j', (target, mountPath, rest) => {
    expect(cutMountPath(target, mountPath)).toBe(rest)
  })

  it.each([
    '/claudette/v1/messages',
    '/Claude/v1/messages',
    '/%63laude/v1',
    '//claude/v1',
    '/v1/claude',
    '/v1/messages',
    '/claude%2fv1',
  ])('shows that %j is not under /claude as it is spelled', (target) => {
    expect(cutMountPath(target, '/claude')).toBe(`/..${target}`)
  })

  it.each(['*', 'http://proxy.test/claude/v1/messages', ''])('leaves %j whole, which is no path', (target) => {
    expect(cutMountPath(target, '/claude')).toBe(target)
  })
})
