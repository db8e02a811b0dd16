// Counts vitest's JSON reports and ends with `counted PASSED FAILED`.
//
//   report FILE EXIT_CODE   prints every test that failed; a run that died without a report is one failure
//   skips FILE...           prints and counts as failed every test that was skipped in one run and has passed in none;
//                           what only another version of Node can do is run there

import { readFileSync } from 'node:fs'

const [mode, ...args] = process.argv.slice(2)
let passed = 0
let failed = 0
if (mode === 'report') countReport(args[0], args[1])
else countSkips(args)
console.log(`counted ${passed} ${failed}`)

function countReport(path, exitCode) {
  try {
    for (const file of JSON.parse(readFileSync(path, 'utf8')).testResults) {
      if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
        fail(`FAILED ${file.name}: ${firstLine(file.message)}`)
      for (const { status, fullName, failureMessages } of file.assertionResults) {
        if (status === 'passed') passed++
        else if (status === 'failed') fail(`FAILED ${fullName}: ${firstLine(failureMessages?.[0])}`)
      }
    }
    if (passed + failed === 0) fail('FAILED: the report holds no test')
  } catch (error) {
    fail(`FAILED: no report: ${error.message}`)
  }
  if (exitCode !== '0' && failed === 0) fail(`FAILED: exit code ${exitCode} although no test failed`)
}

function countSkips(paths) {
  const ran = new Set()
  const skipped = new Set()
  for (const path of paths) {
    for (const file of JSON.parse(readFileSync(path, 'utf8')).testResults) {
      for (const { status, fullName } of file.assertionResults) {
        if (status === 'passed' || status === 'failed') ran.add(fullName)
        else skipped.add(fullName)
      }
    }
  }
  for (const name of skipped) if (!ran.has(name)) fail(`SKIPPED ${name}`)
}

function fail(line) {
  failed++
  console.log(line)
}

function firstLine(text = '') {
  return text.split('\n')[0]
}
