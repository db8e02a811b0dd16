// Counts a vitest JSON report: `node .ci/count.mjs REPORT EXIT_CODE` prints every test that failed or was skipped and
// ends with `counted PASSED FAILED`. A skip is a failure here. A run that died without a report is one failure.

import { readFileSync } from 'node:fs'

const [reportPath, exitCode] = process.argv.slice(2)
let passed = 0
let failed = 0
try {
  const report = JSON.parse(readFileSync(reportPath, 'utf8'))
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) fail(`${file.name}: ${firstLine(file.message)}`)
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed++
      else fail(`${test.status.toUpperCase()} ${test.fullName}: ${firstLine(test.failureMessages?.[0] ?? '')}`)
    }
  }
  if (passed + failed === 0) fail('the report holds no test')
} catch (error) {
  fail(`no report: ${error.message}`)
}
if (exitCode !== '0' && failed === 0) fail(`exit code ${exitCode} although no test failed`)
console.log(`counted ${passed} ${failed}`)

function fail(line) {
  failed++
  console.log(line)
}

function firstLine(text) {
  return text.split('\n')[0]
}
