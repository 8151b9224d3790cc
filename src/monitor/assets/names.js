// Names that many pages need, asked for once.

import { get } from "./api.js";
import { isEnglish } from "./words.js";

let units = null;
let products = null;
let categories = null;

const asked = (path) => get(path).then((page) => page.items);
const again = (forget) => (failure) => { forget(); throw failure; };

// The units of the reporting tree by code; a province has a hundred.
export function unitsByCode() {
  units ??= asked("/reporting-units?limit=200")
    .then((found) => new Map(found.map((unit) => [unit.code, unit])))
    .catch(again(() => { units = null; }));
  return units;
}

// The names of products by code, in the language shown.
export function productNames() {
  products ??= asked("/products?limit=200").catch(again(() => { products = null; }));
  return products.then((found) =>
    new Map(found.map((product) => [product.code, isEnglish() ? product.name_en : product.name_zh])));
}

// The names of categories by code, in the language shown.
export function categoryNames() {
  categories ??= get("/categories").then((found) => found.items ?? found).catch(again(() => { categories = null; }));
  return categories.then((found) =>
    new Map(found.map((category) => [category.code, isEnglish() ? category.name_en : category.name_zh])));
}
