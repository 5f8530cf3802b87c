import { describe, expect, it } from 'vitest'
import { parseMoment, parseSince, toIso, toMinute, toMoment, toSpan } from './times.js'
import { UsageError } from './usage-error.js'

const NOW = Date.parse('2027-01-01T00:00:00Z')

const HELP = 'prompt-train keys create'

describe('parseMoment', () => {
  it.each([
    ['0s', '2027-01-01T00:00:00.000Z'],
    ['45s', '2027-01-01T00:00:45.000Z'],
    ['30m', '2027-01-01T00:30:00.000Z'],
    ['12h', '2027-01-01T12:00:00.000Z'],
    ['7d', '2027-01-08T00:00:00.000Z'],
    ['2w', '2027-01-15T00:00:00.000Z'],
    ['2027-03-31', '2027-03-31T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2027-03-31T12:00Z', '2027-03-31T12:00:00.000Z'],
    ['2027-03-31T12:00:30+02:00', '2027-03-31T10:00:30.000Z'],
  ])('reads %s as %s', (text, moment) => {
    expect(toIso(parseMoment('expires', text, NOW, HELP))).toBe(moment)
  })

  it.each([
    '',
    '7',
    'd',
    '7 d',
    '-7d',
    '7.5d',
    '7y',
    'never',
    '2027-03-31T12:00',
    '2027-13-01',
    '2027-02-31',
    '2027-02-29T12:00Z',
    '2027-04-31T12:00:00+02:00',
    '2027-03-31T24:30Z',
    '31.3.2027',
    '1234567d',
  ])('refuses "%s"', (text) => {
    expect(() => parseMoment('expires', text, NOW, HELP)).toThrow(UsageError)
    expect(() => parseMoment('expires', text, NOW, HELP)).toThrow(/^option "--expires" is neither/)
  })

  it('refuses what is too far away, either way', () => {
    const problem = /^option "--(?:expires|from)" is not within the years 1970 to 9999\n/
    expect(() => parseMoment('expires', '999999w', NOW, HELP)).toThrow(problem)
    expect(() => parseSince('from', '999999w', NOW, HELP)).toThrow(problem)
  })

  it('refuses what is over', () => {
    expect(() => parseMoment('overlap', '2026-12-31', NOW, HELP)).toThrow(
      /^option "--overlap" is in the past\nSee: prompt-train keys create --help$/,
    )
  })
})

describe('toSpan', () => {
  it.each([
    [0, '0s'],
    [45_999, '45s'],
    [60_000, '1m 0s'],
    [28_799_000, '7h 59m'],
    [273_600_000, '3d 4h'],
  ])('writes %i ms as %s', (milliseconds, text) => {
    expect(toSpan(milliseconds)).toBe(text)
  })
})

describe('toMoment', () => {
  it('shows seconds where it is near', () => {
    expect(toMoment(NOW + 59_999, NOW)).toBe('2027-01-01 00:00:59 UTC')
    expect(toMoment(NOW, NOW + 3_599_999)).toBe('2027-01-01 00:00:00 UTC')
    expect(toMoment(NOW + 3_600_000, NOW)).toBe('2027-01-01 01:00 UTC')
  })
})

describe('toMinute and toIso', () => {
  it('write times for people and for scripts', () => {
    expect(toMinute(NOW + 59_999)).toBe('2027-01-01 00:00 UTC')
    expect(toIso(NOW)).toBe('2027-01-01T00:00:00.000Z')
    expect(toIso(null)).toBeNull()
  })
})
