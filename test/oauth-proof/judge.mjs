// Judges a round by the history of the token server and by what the processes saw.

/** What is wrong with a round, as sentences; none where all is as it must be. */
export function judge(round, { before, after, results, killed, alerts, lines, history }) {
  const wrong = []
  const expect = (truth, sentence) => {
    if (!truth) wrong.push(sentence)
  }
  const granted = history.filter(({ kind }) => kind === 'granted')
  const refused = history.filter(({ kind }) => kind !== 'granted')
  const isLost = after.refresh.failure?.permanent === true
  const statuses = {}
  for (const result of results) {
    for (const [status, count] of Object.entries(result?.statuses ?? {}))
      statuses[status] = (statuses[status] ?? 0) + count
  }
  const needsLogin = alerts.filter((kind) => kind === 'credential_needs_login').length

  expect(granted.length === 1, `${granted.length} refreshes instead of one`)
  if (isLost) {
    expect(round.mayLose === true, 'the login is lost')
    expect(
      killed.includes(granted[0]?.by),
      'the login is lost, and not because the process that had the pair was killed',
    )
    expect(refused.length === 1, `the spent token was sent ${refused.length} times instead of once`)
    expect(needsLogin === 1, `${needsLogin} alerts instead of one tell of the lost login`)
  } else {
    expect(refused.length === 0, `the spent token was sent ${refused.length} times`)
    expect(needsLogin === 0, 'an alert tells of a lost login that is not lost')
    expect(after.accessToken.expose() === granted[0]?.accessToken, 'what is stored is not what was granted last')
    expect(after.refresh.intent === null, 'the refresh is not known to have ended')
    const failed = Object.entries(statuses).filter(([status]) => status !== '200')
    expect(failed.length === 0, `requests failed: ${JSON.stringify(statuses)}`)
    const mayServe = new Set([granted[0]?.accessToken, ...(round.at > 0 ? [before.accessToken.expose()] : [])])
    const strange = results.flatMap((result) => Object.keys(result?.used ?? {})).filter((token) => !mayServe.has(token))
    expect(strange.length === 0, 'requests went up with a token that had expired')
    const missing = (round.alerts ?? []).filter((kind) => !alerts.includes(kind))
    expect(missing.length === 0 || alerts.length === 0, `no alert ${missing.join(', ')}`)
  }
  expect(!round.mustLose || isLost, 'a pair that was lost did not come to light')
  const slowestMs = Math.max(0, ...results.map((result) => result?.slowestMs ?? 0))
  expect(slowestMs < (round.slowestMs ?? 30_000), `a request took ${Math.round(slowestMs)} ms`)
  if (wrong.length > 0) wrong.push(...new Set(lines))
  return { wrong, isLost, slowestMs }
}
