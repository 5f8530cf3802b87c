import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { askHidden, askLine, confirm, isInteractive, RefusedError, readAll, readLine } from './prompt.js'

/** A terminal at which somebody types, and what it showed. */
function terminal(typed: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  input.write(typed)
  return {
    console: { input, output },
    async shown() {
      output.end()
      return text(output)
    },
  }
}

const pipe = (content: string) => ({ input: Readable.from([Buffer.from(content)]), output: new PassThrough() })

describe('askHidden', () => {
  it('takes one line and shows the question alone', async () => {
    const { console, shown } = terminal('sk-ant-FAKX\u007fE \r')
    expect(await askHidden('API key', console)).toBe('sk-ant-FAKE')
    expect(await shown()).toBe('API key: \n')
  })

  it.each([
    ['Ctrl-C', 'sk-ant-FAKE\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('takes %s for no answer', async (_, typed) => {
    const { console, shown } = terminal(typed)
    await expect(askHidden('API key', console)).rejects.toThrow(RefusedError)
    expect(await shown()).not.toContain('FAKE')
  })
})

describe('askLine', () => {
  it('shows what is typed', async () => {
    const { console, shown } = terminal('2027-03-31\r')
    expect(await askLine('Expires at', console)).toBe('2027-03-31')
    expect(await shown()).toContain('2027-03-31')
  })
})

describe('readAll', () => {
  it('takes all that a pipe holds, without the white space around it', async () => {
    expect(await readAll(pipe('\n sk-ant-FAKE\n'))).toBe('sk-ant-FAKE')
  })

  it('refuses what is no secret for its size', async () => {
    await expect(readAll(pipe('x'.repeat(65_537)))).rejects.toThrow(/64 KiB/)
  })
})

describe('readLine', () => {
  it('takes the first line, and does not wait for the end', async () => {
    const input = new PassThrough()
    input.write('code-FA')
    input.write('KE#state \r\nmore')
    expect(await readLine({ input, output: new PassThrough() })).toBe('code-FAKE#state')
  })

  it('takes what there is where no line ends', async () => {
    expect(await readLine(pipe('code-FAKE#state'))).toBe('code-FAKE#state')
  })
})

describe('confirm', () => {
  it('goes on at yes, and at nothing else', async () => {
    await expect(confirm('Sure?', terminal('yes\r').console)).resolves.toBeUndefined()
    for (const answer of ['y', 'no', '', 'YES']) {
      await expect(confirm('Sure?', terminal(`${answer}\r`).console)).rejects.toThrow('nothing was changed')
    }
  })

  it('does not ask a script', async () => {
    expect(isInteractive(pipe(''))).toBe(false)
    await expect(confirm('Sure?', pipe('no'))).resolves.toBeUndefined()
  })
})
