//! The columns of files of households, suppliers and links.

use crate::sheets::{SheetKind, column};

/// Files of households, a row a period of a status (H1).
pub static HOUSEHOLDS: SheetKind = SheetKind {
    name: "households",
    title: ("农户", "Households"),
    columns: &[
        column("code", "农户编号", "h-910526-01")
            .required()
            .about("手册或证件编号，再次导入时按此对应", "Number of the handbook; a later file is matched by it"),
        column("name", "户主姓名", "王某").required().about("最多 200 个字符", "At most 200 characters"),
        column("division_code", "所在区划代码", "910526109")
            .required()
            .about("县级或乡级行政区划代码", "Code of a county or township"),
        column("history", "身份类别", "建档立卡")
            .required()
            .one_of(&[("registration", "建档立卡"), ("monitoring", "防返贫监测")]),
        column("status", "身份", "脱贫户").required().one_of(&[
            ("registered_poor", "建档立卡贫困户"),
            ("lifted", "脱贫户"),
            ("unstable_lifted", "脱贫不稳定户"),
            ("marginal_at_risk", "边缘易致贫户"),
            ("sudden_hardship", "突发严重困难户"),
            ("risk_cleared", "风险消除"),
        ]),
        column("from_on", "开始日期", "2021-01-01").required().about("形如 2026-03-02", "Such as 2026-03-02"),
        column("to_on", "结束日期", "")
            .required()
            .about("最后一天；至今有效则留空", "The last day; empty while it holds"),
        column("proof_number", "证明编号", "FPSC-910526-1007").required().about("手册或文件编号", "Of the handbook"),
        column("id_number", "身份证号", "").about("可空；加密保存", "May be empty; it is sealed"),
        column("phone", "电话", "").about("可空；加密保存", "May be empty; it is sealed"),
        column("bank_account", "银行账号", "").about("可空；加密保存", "May be empty; it is sealed"),
    ],
    most_rows: 150_000,
};

/// Files of suppliers.
pub static SUPPLIERS: SheetKind = SheetKind {
    name: "suppliers",
    title: ("供货主体", "Suppliers"),
    columns: &[
        column("code", "供货主体编号", "songpo-potato-coop")
            .required()
            .about("全省唯一，再次导入时按此对应", "Unique in the province; a later file is matched by it"),
        column("name", "名称", "松坡县草海种植农民专业合作社")
            .required()
            .about("最多 200 个字符", "At most 200 characters"),
        column("kind", "类型", "农民专业合作社").required().one_of(&[
            ("household", "农户"),
            ("cooperative", "农民专业合作社"),
            ("processor", "农副产品加工企业"),
            ("family_farm", "家庭农场"),
            ("distributor", "配送企业"),
        ]),
        column("division_code", "注册地区划代码", "910526").required().about("行政区划代码", "Code of a division"),
        column("household_code", "农户编号", "")
            .required()
            .about("类型为农户时必填，否则留空", "Needed for a household and for no other kind"),
    ],
    most_rows: 150_000,
};

/// Files of the links from suppliers to the households behind them (H3).
pub static LINKS: SheetKind = SheetKind {
    name: "links",
    title: ("联农带农关系", "Links to households"),
    columns: &[
        column("supplier_code", "供货主体编号", "songpo-potato-coop").required().about("已在册", "One in the register"),
        column("household_code", "农户编号", "h-910526-01").required().about("已在册", "One in the register"),
        column("kind", "关系类型", "订单").required().one_of(&[
            ("contract", "订单"),
            ("labour", "务工"),
            ("dividend", "分红"),
            ("purchase", "收购"),
        ]),
        column("from_on", "开始日期", "2024-01-01").required().about("形如 2026-03-02", "Such as 2026-03-02"),
        column("to_on", "结束日期", "")
            .required()
            .about("最后一天；至今有效则留空", "The last day; empty while it holds"),
        column("proof_number", "证明编号", "SY-2024-001").required().about("合同或名册编号", "Of the contract or roll"),
    ],
    most_rows: 150_000,
};
