//! The columns of files of declared purchases.

use crate::sheets::{SheetKind, column};

/// Files of declared purchases.
pub static DECLARED_PURCHASES: SheetKind = SheetKind {
    name: "declared-purchases",
    title: ("自行采购", "Declared purchases"),
    columns: &[
        column("external_id", "编号", "2026-03-0007")
            .required()
            .about("本校唯一，同一编号只入账一次", "Unique in the school; it goes into the ledger once"),
        column("purchased_on", "采购日期", "2026-03-02").required().about("形如 2026-03-02", "Such as 2026-03-02"),
        column("seller_name", "供货方", "白石镇农贸市场").required().about("名称", "Name"),
        column("invoice_number", "发票号码", "").about("可空", "May be empty"),
        column("product_code", "商品代码", "cabbage")
            .about("商品目录中的代码；否则填类别代码", "Code of the catalogue, else the category"),
        column("category_code", "类别代码", "").about("没有商品代码时填", "Where there is no product code"),
        column("quantity", "数量", "30").about("与单位一同填写", "Together with the unit"),
        column("unit", "单位", "jin").about("计量单位代码", "Code of a unit"),
        column("weight", "重量（千克）", "15.000")
            .about("无数量时填；最细到克", "Where there is no quantity; down to the gram"),
        column("amount", "金额（元）", "36.00").required().about("两位小数", "Two decimals"),
        column("origin_division_code", "产地区划代码", "910526").about("行政区划代码", "Code of a division"),
        column("producer_household_code", "生产农户编号", "").about("可空", "May be empty"),
        column("document_kind", "证明类别", "")
            .about("可空；填写时其余证明各栏须填", "May be empty; else the other document columns are needed"),
        column("document_number", "证明编号", ""),
        column("document_issued_on", "证明日期", ""),
        column("document_issuer", "出具单位", ""),
        column("document_origin", "证明产地区划代码", ""),
    ],
    most_rows: 5_000,
};
