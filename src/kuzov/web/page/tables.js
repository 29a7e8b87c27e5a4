// The answers as a file for a spreadsheet: a row for each car, or for the photo that has no answer.
const COLUMNS = [
  "table_photo", "table_car", "table_answer", "table_probability", "table_unknown", "table_like", "table_like_probability",
  "table_failed",
];

function listenForTables() {
  find("csv").onclick = () => saveAs("csv", new Blob([csvOf(tableRows())], { type: "text/csv;charset=utf-8" }));
  find("xlsx").onclick = () => saveAs("xlsx", workbookOf(tableRows()));
}

// Rows of strings, numbers and nulls; the first has the columns' names. As on the page, the latest photos come first.
function tableRows() {
  const order = [...find("cards").children];
  const shown = [...cards].filter((each) => each.state === "answered" || each.state === "failed");
  shown.sort((a, b) => order.indexOf(a.article) - order.indexOf(b.article));
  return [COLUMNS.map((each) => t(each)), ...shown.flatMap(rowsOf)];
}

function rowsOf({ state, file, predictions, problem }) {
  if (state === "failed") return [[file.name, null, null, null, null, null, null, t(problem.key, problem.values)]];
  return predictions.map((each, index) => {
    const name = each.is_unknown ? t("none") : inWords(each.names[each.label], language);
    const alike = each.look_alike;
    const likeness = alike ? [inWords(alike.name, language), alike.probability] : [null, null];
    return [file.name, each.no_car ? null : index + 1, name, each.probability, each.unknown, ...likeness, null];
  });
}

// Spreadsheets take what begins so for a formula, also in a file's name.
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

function csvOf(rows) {
  const cell = (value) => {
    const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value ?? "");
    return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => `${row.map(cell).join(",")}\r\n`);
  return `\ufeff${lines.join("")}`; // by this mark Excel knows that it is UTF-8
}

function saveAs(kind, blob) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: `${t("table_name")}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const OFFICE = "http://schemas.openxmlformats.org";
const SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml";

// The smallest workbook that Excel and LibreOffice open: one sheet, its texts in the cells.
function workbookOf(rows) {
  const relations = (target, type) =>
    `<Relationships xmlns="${OFFICE}/package/2006/relationships"><Relationship Id="r1" Type="${OFFICE}/officeDocument/2006/relationships/${type}" Target="${target}"/></Relationships>`;
  const part = (name, kind) => `<Override PartName="/xl/${name}.xml" ContentType="${SHEETS}.${kind}+xml"/>`;
  const main = `${OFFICE}/spreadsheetml/2006/main`;
  const files = {
    "[Content_Types].xml": `<Types xmlns="${OFFICE}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>${part("workbook", "sheet.main")}${part("sheet", "worksheet")}</Types>`,
    "_rels/.rels": relations("xl/workbook.xml", "officeDocument"),
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${OFFICE}/officeDocument/2006/relationships"><sheets><sheet name="${xml(t("answers"))}" sheetId="1" r:id="r1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": relations("sheet.xml", "worksheet"),
    "xl/sheet.xml": `<worksheet xmlns="${main}"><sheetData>${rows.map((row) => `<row>${row.map(xmlCell).join("")}</row>`).join("")}</sheetData></worksheet>`,
  };
  return zipOf(Object.entries(files).map(([name, text]) => [name, `<?xml version="1.0" encoding="UTF-8"?>${text}`]));
}

function xmlCell(value) {
  if (value === null) return "<c/>";
  if (typeof value === "number") return `<c><v>${value}</v></c>`;
  return `<c t="inlineStr"><is><t xml:space="preserve">${xml(value)}</t></is></c>`;
}

function xml(text) {
  const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "").replace(/[&<>"]/g, (each) => escapes[each]);
}
