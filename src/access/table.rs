//! The policy as a page that a head of department reads: a table a role, in Chinese or English.

use super::{
    granting::{Within, gives},
    policy::{ACTIONS, Action, RESOURCES, ROLES, Reach, Resource, reach},
};
use crate::http::{Language, Text};
use entity::membership::Role;
use sea_orm::ActiveEnum;
use std::fmt::Write;

/// Who may do what, and who may give which role, as Markdown.
#[must_use]
pub fn table(language: Language) -> String {
    let say = |zh: &'static str, en: &'static str| Text::new(zh, en).in_language(language).to_owned();
    let mut page = say(
        "# 权限表\n\n每个角色能查看、能办理的事项及其范围。未列出的一律不能。\n",
        "# Who may do what\n\nWhat each role may see and do, and how far. What is not listed is refused.\n",
    );
    let headings = say("| 事项 | 权限 |", "| What | Permissions |");
    for role in ROLES {
        let [name, place] = of_role(role).map(|text| text.in_language(language).to_owned());
        let joint = say("。范围：", ". Reach: ");
        let end = say("。", ".");
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {name}\n\n`{}`{joint}{place}{end}\n\n{headings}\n| --- | --- |\n", role.to_value());
        for resource in RESOURCES {
            let permissions = permissions(role, resource, &place, language);
            if !permissions.is_empty() {
                let _ = writeln!(page, "| {} | {permissions} |", of_resource(resource).in_language(language));
            }
        }
        let given: Vec<String> = gives(role).iter().map(|(role, within)| gift(*role, *within, language)).collect();
        if !given.is_empty() {
            let intro = say("可授予和终止的角色：", "Gives and ends the roles: ");
            let _ = writeln!(page, "\n{intro}{}{end}", given.join(&say("、", ", ")));
        }
    }
    page
}

/// What a role may do to a resource, actions of one reach together.
fn permissions(role: Role, resource: Resource, own: &str, language: Language) -> String {
    let everything = Text::new("全部", "all");
    let (comma, semicolon) = match language {
        Language::Chinese => ("、", "；"),
        Language::English => (", ", "; "),
    };
    let mut groups = Vec::new();
    for wanted in [Reach::Everything, Reach::Own] {
        let verbs: Vec<String> = ACTIONS
            .into_iter()
            .filter(|action| reach(role, *action, resource) == Some(wanted))
            .map(|action| of_action(action, resource).in_language(language).to_owned())
            .collect();
        if verbs.is_empty() {
            continue;
        }
        let whose = if wanted == Reach::Everything { everything.in_language(language) } else { own };
        groups.push(match language {
            Language::Chinese => format!("{}（{whose}）", verbs.join(comma)),
            Language::English => format!("{} ({whose})", verbs.join(comma)),
        });
    }
    groups.join(semicolon)
}

fn gift(role: Role, within: Within, language: Language) -> String {
    let [name, _] = of_role(role);
    let place = match within {
        Within::Anywhere => Text::new("不限", "anywhere"),
        Within::Subtree => Text::new("本单位及下级", "own unit and below"),
        Within::Below => Text::new("仅下级", "below the own unit only"),
        Within::Same => Text::new("本校或本供货主体", "the same school or supplier"),
    };
    let (name, place) = (name.in_language(language).to_owned(), place.in_language(language).to_owned());
    match language {
        Language::Chinese => format!("{name}（{place}）"),
        Language::English => format!("{name} ({place})"),
    }
}

/// A role's name and the place it holds in.
fn of_role(role: Role) -> [Text; 2] {
    let subtree = || Text::new("本单位及下级", "own unit and below");
    let school = || Text::new("本校", "own school");
    let supplier = || Text::new("本供货主体", "own supplier");
    match role {
        Role::Administrator => [Text::new("系统管理员", "Administrator"), Text::new("全部", "all")],
        Role::AuthorityManager => [Text::new("主管部门管理员", "Authority manager"), subtree()],
        Role::AuthorityOfficer => [Text::new("主管部门工作人员", "Authority officer"), subtree()],
        Role::Auditor => [Text::new("审计人员", "Auditor"), subtree()],
        Role::SchoolPrincipal => [Text::new("校长", "School principal"), school()],
        Role::CanteenManager => [Text::new("食堂管理员", "Canteen manager"), school()],
        Role::Inspector => [Text::new("验收员", "Inspector"), school()],
        Role::Supplier => [Text::new("供货主体负责人", "Supplier's owner"), supplier()],
        Role::SupplierClerk => [Text::new("供货主体经办人", "Supplier's clerk"), supplier()],
        Role::Agent => [Text::new("代办人", "Agent"), Text::new("书面委托期内的农户", "households that consented")],
    }
}

fn of_resource(resource: Resource) -> Text {
    match resource {
        Resource::Reference => {
            Text::new("区划、名录、商品、单位、指标", "Divisions, lists, products, units, indicators")
        }
        Resource::School => Text::new("学校与食堂", "Schools and canteens"),
        Resource::Supplier => Text::new("供货主体", "Suppliers"),
        Resource::Listing => Text::new("供货信息", "Offers"),
        Resource::Order => Text::new("采购订单", "Orders"),
        Resource::Consignment => Text::new("发货", "Consignments"),
        Resource::Receipt => Text::new("验收", "Receipts"),
        Resource::DeclaredPurchase => Text::new("自行采购申报", "Purchases made outside"),
        Resource::Ledger => Text::new("台账", "Ledger"),
        Resource::SchoolShare => Text::new("学校采购占比", "A school's share"),
        Resource::RollUp => Text::new("汇总占比", "Roll-ups of the share"),
        Resource::Account => Text::new("账号与角色", "Accounts and roles"),
        Resource::Consent => Text::new("农户委托", "Households' consents"),
        Resource::Audit => Text::new("审计日志", "The audit trail"),
        Resource::Document => Text::new("证明材料", "Documents that prove something"),
        Resource::Verification => Text::new("供货主体准入审核", "How suppliers are let in"),
        Resource::SaleDenial => Text::new("否认交易申报", "Sales that are denied"),
        Resource::Statement => Text::new("月结单", "Statements of closed months"),
        Resource::SupplierPaper => Text::new(
            "供货主体的证照、产能、基地与带动农户",
            "Suppliers' licences, capacities, bases and linked households",
        ),
        Resource::Household => Text::new("农户及个人信息", "Households and their personal data"),
    }
}

fn of_action(action: Action, resource: Resource) -> Text {
    match (action, resource) {
        (Action::Read, _) => Text::new("查看", "see"),
        (Action::Create, Resource::Order) => Text::new("下单", "place"),
        (Action::Create, Resource::Listing) => Text::new("发布", "publish"),
        (Action::Create, Resource::Consignment) => Text::new("发货", "send"),
        (Action::Create, Resource::Receipt) => Text::new("验收", "inspect and sign"),
        (Action::Create, Resource::DeclaredPurchase) => Text::new("申报", "declare"),
        (Action::Create, Resource::Consent) => Text::new("登记", "record"),
        (Action::Create, Resource::Document) => Text::new("上传", "upload"),
        (Action::Create, Resource::Household | Resource::Supplier) => Text::new("登记", "enter"),
        (Action::Create, Resource::Verification) => Text::new("申请", "apply"),
        (Action::Update, Resource::DeclaredPurchase) => Text::new("更正", "correct"),
        (Action::Update, Resource::Verification) => Text::new("推荐、复核与公示", "recommend, review and publish"),
        (Action::Confirm, Resource::Verification) => Text::new("批准、暂停与恢复", "approve, suspend and reinstate"),
        (Action::Decline, Resource::Verification) => Text::new("不予通过", "turn down"),
        (Action::Cancel, Resource::Verification) => Text::new("撤销准入", "revoke"),
        (Action::Create, Resource::SaleDenial) => Text::new("申报", "deny"),
        (Action::Confirm, Resource::SaleDenial) => Text::new("核定", "decide"),
        (Action::Reveal, Resource::Verification) => Text::new("查看异议人信息", "see who objected"),
        (Action::Create, Resource::Statement) => Text::new("结账", "close months"),
        (Action::Cancel, Resource::Statement) => Text::new("重新开放", "open months again"),
        (Action::Create, Resource::SupplierPaper) => Text::new("登记证照与产能", "enter licences and capacities"),
        (Action::Create, _) => Text::new("新建", "make"),
        (Action::Quote, _) => Text::new("试算", "quote"),
        (Action::Confirm, Resource::SupplierPaper) => Text::new("确认产能", "confirm capacities"),
        (Action::Confirm, _) => Text::new("确认", "confirm"),
        (Action::Decline, _) => Text::new("谢绝", "decline"),
        (Action::Cancel, Resource::Consent) => Text::new("撤回", "withdraw"),
        (Action::Cancel, Resource::Document) => Text::new("删除", "delete"),
        (Action::Cancel, Resource::Household) => Text::new("作废状态", "annul statuses"),
        (Action::Cancel, _) => Text::new("取消", "cancel"),
        (Action::Manage, Resource::Supplier) => Text::new("维护电话和账户", "keep phone and bank account"),
        (Action::Manage, Resource::SupplierPaper) => Text::new("登记带动农户与基地", "enter links and bases"),
        (Action::Manage, _) => Text::new("管理", "manage"),
        (Action::Update, _) => Text::new("更新", "update"),
        (Action::Reveal, _) => Text::new("查看未遮盖信息", "see in clear"),
    }
}
