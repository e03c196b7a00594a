export const workflow = `name: chaos
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  chaos:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: npm ci
      - run: npx halfopen doctor
      - run: npx halfopen run
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: chaos-reports
          path: reports/
`;

export const gitignore = `node_modules/
reports/
`;
