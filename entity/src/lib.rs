//! The tables, one file each: a `Model` and the enums it stores, no logic.
//!
//! Money, weight and stock are integers in every table ([`money`], [`weight`]); ids are UUIDv7 newtypes ([`id`]).

pub mod fixed;
pub mod id;
pub mod money;
pub mod statement;
pub mod time;
pub mod weight;

// registry
pub mod canteen;
pub mod canteen_term;
pub mod county_list;
pub mod county_list_member;
pub mod division;
pub mod division_past;
pub mod division_succession;
pub mod registry_import;
pub mod reporting_unit;
pub mod school;
pub mod school_affiliation;
pub mod school_diners;
pub mod school_merger;

// documents
pub mod document;
pub mod document_content;
pub mod document_link;

// suppliers
pub mod beneficiary_link;
pub mod capacity;
pub mod household;
pub mod household_discrepancy;
pub mod household_list;
pub mod household_list_row;
pub mod household_status;
pub mod late_line;
pub mod licence;
pub mod objection;
pub mod supplier;
pub mod supplier_contact;
pub mod supplier_entry;
pub mod supplier_revocation;
pub mod supply_base;
pub mod supply_base_party;
pub mod verification;
pub mod verification_step;

// catalogue
pub mod category;
pub mod line_correction;
pub mod listing;
pub mod product;
pub mod product_unit;
pub mod unit;

// access
pub mod access_change;
pub mod account;
pub mod household_consent;
pub mod membership;
pub mod recovery_code;
pub mod session;
pub mod totp;

// operations
pub mod audit_day;
pub mod audit_entry;
pub mod audit_seal;
pub mod bundle;
pub mod data_key;
pub mod double_count;
pub mod file_import;
pub mod file_import_part;
pub mod file_import_refusal;
pub mod idempotency;
pub mod notification;
pub mod outbox;

// ordering
pub mod order_line;
pub mod purchase_order;

// delivery
pub mod certificate;
pub mod consignment;
pub mod consignment_line;
pub mod goods_return;
pub mod goods_return_line;
pub mod receipt;
pub mod receipt_denial;
pub mod receipt_inspector;
pub mod receipt_line;

// ledger
pub mod declared_certificate;
pub mod declared_purchase;
pub mod import_run;
pub mod purchase_line;
pub mod sale_denial;
pub mod stated_producer;

// share
pub mod area_category_class_sums;
pub mod area_class_sums;
pub mod coverage_change;
pub mod coverage_count;
pub mod coverage_span;
pub mod coverage_year;
pub mod indicator;
pub mod indicator_class;
pub mod school_class_sums;
pub mod school_month_total;
pub mod school_total;
pub mod school_year;
pub mod total_change;

// finding
pub mod position;
pub mod search_name;
pub mod search_term;
