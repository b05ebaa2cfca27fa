// Reads an AsyncAPI document from standard input; prints what the official parser finds wrong, as JSON lines.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const parser = new Parser({ ruleset: { core: true, recommended: true } });
const { document, diagnostics } = await parser.parse(readFileSync(0, "utf8"));
for (const { severity, code, message, path } of diagnostics) {
  console.log(JSON.stringify({ severity, code, message, path: path.join(".") }));
}
if (!document) process.exitCode = 1;
else console.error(`${document.version()}: ${document.operations().length} operations, ${document.messages().length} messages`);
