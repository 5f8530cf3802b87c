/** Columns as wide as their widest cell, two spaces between them, one line a row. */
export function toTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(toPrintable))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** Text of elsewhere that does not steer the terminal: labels, addresses, names of models. */
export function toPrintable(text: string): string {
  return text.replace(/\p{C}/gu, '�')
}
