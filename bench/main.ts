// `npm run bench [-- SUITE...] [--delay 0,20] [--scale 0.1]`: runs each suite in a process of its own, prints a table and
// writes JSON to bench/results/: commit, machine, date, delay and every row. Ratios are good within one run only.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bytesText } from './support/meter.ts'
import type { Row } from './support/row.ts'
import { suites } from './suites/suites.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { delay: { type: 'string', default: '0,20' }, scale: { type: 'string', default: '1' } },
})
const scale = Number(values.scale)
const delays = values.delay.split(',').map(Number)
const results = fileURLToPath(new URL('results/', import.meta.url))
mkdirSync(results, { recursive: true })

const machine = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
}
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const date = new Date().toISOString()
let failed = false

for (const suite of suites) {
  if (positionals.length > 0 && !positionals.includes(suite.name)) continue
  for (const delayMs of suite.byDelay ? delays : delays.slice(0, 1)) {
    const path = `${results}${suite.name}-${delayMs}ms.json`
    const one = fileURLToPath(new URL('run-suite.ts', import.meta.url))
    const args = ['--import', 'tsx', one, suite.name, JSON.stringify({ delayMs, scale }), path]
    const [code] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [number | null]
    if (code !== 0) {
      failed = true
      console.log(`${suite.name} at ${delayMs} ms FAILED`)
      continue
    }
    const rows = JSON.parse(readFileSync(path, 'utf8')) as Row[]
    writeFileSync(
      path,
      `${JSON.stringify({ suite: suite.name, commit, date, machine, delayMs, scale, rows }, null, 2)}\n`,
    )
    console.log(`\n### ${suite.question} (${delayMs} ms added to every request)\n\n${tableOf(rows)}`)
  }
}
process.exitCode = failed ? 1 : 0

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { question, contender, unit, median, low, high, samples, bytesPerSecond, memoryPeakBytes } = row
    const spread = samples > 1 ? ` (${figure(low)} to ${figure(high)})` : ''
    const rate = bytesPerSecond === undefined ? '' : `${bytesText(bytesPerSecond)}/s`
    const memory = memoryPeakBytes === undefined ? '' : bytesText(memoryPeakBytes)
    return `| ${question} | ${contender} | ${figure(median)} ${unit}${spread} | ${bill(row)} | ${rate} | ${memory} |`
  })
  return ['| | | time | requests (of them side) | rate | memory |', '|---|---|--:|--:|--:|--:|', ...lines, ''].join(
    '\n',
  )
}

function bill({ requests, sideRequests = 0 }: Row): string {
  return requests === undefined ? '' : sideRequests > 0 ? `${requests} (${sideRequests})` : `${requests}`
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
