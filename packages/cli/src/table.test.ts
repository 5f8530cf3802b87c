import { expect, it } from 'vitest'
import { toTable } from './table.js'

it('makes columns as wide as their widest cell', () => {
  expect(
    toTable(
      ['KEY', 'LABEL'],
      [
        ['a', 'long label'],
        ['bbbbb', 'x'],
      ],
    ),
  ).toBe('KEY    LABEL\na      long label\nbbbbb  x\n')
})

it('lets no cell steer the terminal', () => {
  expect(toTable(['LABEL'], [['\u001b[31mred\n\u202e']])).toBe('LABEL\n�[31mred��\n')
})
